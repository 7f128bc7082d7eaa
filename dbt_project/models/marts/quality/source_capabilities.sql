{# One row per capability: whether the shop's source supplies it, and what is
   left out without it. -#}
with

capabilities as (

    select * from {{ ref('capabilities') }}

),

feature_catalog as (

    select * from {{ ref('feature_catalog') }}

),

needing_features as (

    select
        capabilities.capability,
        count(*) as feature_count
    from capabilities
    inner join feature_catalog
        on
            position(
                ' ' || capabilities.capability || ' '
                in ' ' || cast(feature_catalog.needs as varchar) || ' '
            ) > 0
    group by capabilities.capability

),

needing_marts as (

    {{ marts_by_need() }}

),

source_capabilities as (

    select
        capabilities.capability,
        capabilities.is_supplied,
        capabilities.lack,
        capabilities.remedy,
        cast(coalesce(needing_features.feature_count, 0) as integer)
            as feature_count,
        cast(needing_marts.marts as varchar) as marts
    from capabilities
    left join needing_features
        on capabilities.capability = needing_features.capability
    left join needing_marts
        on capabilities.capability = needing_marts.capability

)

select * from source_capabilities
