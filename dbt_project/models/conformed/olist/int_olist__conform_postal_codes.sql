{# One row per zip prefix with a point in Brazil: the median of its distinct
   points. A quarter of the rows repeat another, some lie on other continents
   (pitfall 12). The box (country_box) holds the mainland and the islands far
   off its coast (Fernando de Noronha, Trindade), which are Brazil, too. -#}
{%- set box = var('source_defaults')['olist']['country_box'] -%}
with

geolocation as (

    select * from {{ ref('stg_olist__geolocation') }}

),

points as (

    select distinct
        postal_code,
        latitude,
        longitude
    from geolocation
    where
        latitude between {{ box.south }} and {{ box.north }}
        and longitude between {{ box.west }} and {{ box.east }}

),

int_olist__conform_postal_codes as (

    select
        postal_code,
        {{ median('latitude') }} as latitude,
        {{ median('longitude') }} as longitude,
        count(*) as point_count
    from points
    group by postal_code

)

select * from int_olist__conform_postal_codes
