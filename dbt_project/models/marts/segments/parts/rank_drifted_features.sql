{# One row per feature of the segmentation: how far it has drifted as of the
   build's date, for everybody; what is left out of drift is no row. -#}
with

feature_catalog as (

    select * from {{ ref('feature_catalog') }}

),

feature_drift as (

    select * from {{ ref('feature_drift') }}

),

model_parameters as (

    select * from {{ source('ml', 'model_parameters') }}

),

segments as (

    select * from {{ ref('segments') }}

),

rank_drifted_features as (

    select
        feature_drift.frozen_date as drift_since_date,
        feature_drift.feature_name,
        feature_drift.population_stability_index,
        feature_catalog.meaning,
        row_number() over (
            order by
                feature_drift.population_stability_index desc,
                feature_drift.feature_name asc
        ) as drift_rank
    from feature_drift
    inner join feature_catalog
        on feature_drift.feature_name = feature_catalog.feature_name
    where
        feature_drift.as_of_date = {{ date_literal(as_of_date()) }}
        and feature_drift.population = 'everybody'
        and not feature_drift.is_left_out
        and feature_drift.feature_name in (
            select model_parameters.feature_name
            from model_parameters
            inner join segments
                on model_parameters.model_id = segments.model_id
        )

)

select * from rank_drifted_features
