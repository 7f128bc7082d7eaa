{# One row per postal code whose place is known. -#}
with

conformed_postal_codes as (

    select * from {{ conformed('postal_codes') }}

),

postal_codes as (

    select
        postal_code,
        cast(latitude as {{ type_double() }}) as latitude,
        cast(longitude as {{ type_double() }}) as longitude,
        cast(point_count as integer) as point_count
    from conformed_postal_codes

)

select * from postal_codes
