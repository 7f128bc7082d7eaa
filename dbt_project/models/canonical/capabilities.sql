{# One row per capability: what the shop's source supplies, hence which
   features, marts and pages there are. -#}
with

conformed_capabilities as (

    select * from {{ conformed('capabilities') }}

),

capabilities as (

    select
        cast(capability as varchar) as capability,
        cast(is_supplied as boolean) as is_supplied,
        cast(lack as varchar) as lack,
        cast(remedy as varchar) as remedy
    from conformed_capabilities

)

select * from capabilities
