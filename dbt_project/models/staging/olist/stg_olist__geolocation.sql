with

geolocation as (

    select * from {{ source('olist', 'geolocation') }}

),

stg_olist__geolocation as (

    select
        geolocation_zip_code_prefix as postal_code,
        geolocation_lat as latitude,
        geolocation_lng as longitude,
        geolocation_city as city,
        geolocation_state as state
    from geolocation

)

select * from stg_olist__geolocation
