{# One row per feature of the catalog whose needs the shop's source meets. -#}
with

feature_catalog as (

    select
        *,
        trim(coalesce(cast(needs as varchar), '')) as stated_needs
    from {{ ref('feature_catalog') }}

),

capabilities as (

    select * from {{ ref('capabilities') }}
    where is_supplied

),

met_needs as (

    select
        feature_catalog.feature_name,
        count(*) as met_need_count
    from feature_catalog
    inner join capabilities
        on
            position(
                ' ' || capabilities.capability || ' '
                in ' ' || feature_catalog.stated_needs || ' '
            ) > 0
    group by feature_catalog.feature_name

),

supplied_features as (

    select
        cast(feature_catalog.feature_name as varchar) as feature_name,
        cast(feature_catalog.family as varchar) as family,
        cast(feature_catalog.unit as varchar) as unit,
        cast(feature_catalog.null_rule as varchar) as null_rule,
        cast(feature_catalog.transform as varchar) as transform,
        feature_catalog.is_segmentation_feature,
        feature_catalog.is_churn_feature
    from feature_catalog
    left join met_needs
        on feature_catalog.feature_name = met_needs.feature_name
    where
        coalesce(met_needs.met_need_count, 0) = case
            when feature_catalog.stated_needs = '' then 0
            else
                1
                + length(feature_catalog.stated_needs)
                - length(replace(feature_catalog.stated_needs, ' ', ''))
        end

)

select * from supplied_features
