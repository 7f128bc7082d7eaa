{# One row per feature of the catalog that the shop's source can supply. -#}
with

feature_catalog as (

    select * from {{ ref('feature_catalog') }}

),

supplied_features as (

    select
        cast(feature_name as varchar) as feature_name,
        cast(family as varchar) as family,
        cast(unit as varchar) as unit,
        cast(null_rule as varchar) as null_rule,
        cast(transform as varchar) as transform,
        is_segmentation_feature,
        is_churn_feature
    from feature_catalog
    where position(' {{ source_name() }} ' in ' ' || sources || ' ') > 0

)

select * from supplied_features
