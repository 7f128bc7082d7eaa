{# One row per feature of the live additive model and interval of its values
   (and one for people of whom it is not known): what it adds to the log-odds
   of returning, and how many people it is said of. -#}
{%- set features = ref('customer_feature_snapshots') -%}
{%- set catalog = ref('feature_catalog') -%}
{%- set parameters = source('ml', 'model_parameters') -%}
{%- do source('ml', 'model_registry') -%}
{%- set live = ml_live_model('churn', 'churn_additive_terms') -%}
{%- if live is none -%}

{{ ml_no_scores({
    'model_id': 'varchar',
    'feature_name': 'varchar',
    'meaning': 'varchar',
    'unit': 'varchar',
    'interval_number': 'integer',
    'above_value': type_double(),
    'most_value': type_double(),
    'term': type_double(),
    'odds_ratio': type_double(),
    'customer_count': 'integer',
    'customer_share': type_double(),
}) }}

{%- else -%}

with

model_parameters as (

    select * from {{ parameters }}
    where model_id = '{{ live.model_id }}'

),

customer_feature_snapshots as (

    select * from {{ features }}
    where as_of_date = {{ date_literal(as_of_date()) }}

),

feature_catalog as (

    select * from {{ catalog }}

),

thresholds as (

    select
        feature_name,
        component_id,
        value as threshold
    from model_parameters
    where parameter_name = 'threshold'

),

intervals as (

    select
        model_parameters.feature_name,
        model_parameters.component_id as interval_number,
        before_it.threshold as above_value,
        at_its_end.threshold as most_value,
        model_parameters.value as term,
        false as is_missing
    from model_parameters
    left join thresholds as before_it
        on
            model_parameters.feature_name = before_it.feature_name
            and model_parameters.component_id = before_it.component_id + 1
    left join thresholds as at_its_end
        on
            model_parameters.feature_name = at_its_end.feature_name
            and model_parameters.component_id = at_its_end.component_id
    where model_parameters.parameter_name = 'term'
    union all
    select
        feature_name,
        -1 as interval_number,
        null as above_value,
        null as most_value,
        value as term,
        true as is_missing
    from model_parameters
    where parameter_name = 'missing_term'

),

feature_values as (

    {%- for feature in live.feature_names %}
    select
        '{{ feature }}' as feature_name,
        cast({{ feature }} as {{ type_double() }}) as feature_value,
        count(*) as customer_count
    from customer_feature_snapshots
    group by {{ feature }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

counted as (

    select
        intervals.feature_name,
        intervals.interval_number,
        intervals.above_value,
        intervals.most_value,
        intervals.term,
        coalesce(sum(feature_values.customer_count), 0) as customer_count
    from intervals
    left join feature_values
        on
            intervals.feature_name = feature_values.feature_name
            and (
                (intervals.is_missing and feature_values.feature_value is null)
                or (
                    not intervals.is_missing
                    and (
                        intervals.above_value is null
                        or intervals.above_value < feature_values.feature_value
                    )
                    and (
                        intervals.most_value is null
                        or intervals.most_value >= feature_values.feature_value
                    )
                    and feature_values.feature_value is not null
                )
            )
    group by
        intervals.feature_name,
        intervals.interval_number,
        intervals.above_value,
        intervals.most_value,
        intervals.term

),

churn_step_functions as (

    select
        cast('{{ live.model_id }}' as varchar) as model_id,
        counted.feature_name,
        feature_catalog.meaning,
        feature_catalog.unit,
        counted.interval_number,
        counted.above_value,
        counted.most_value,
        counted.term,
        exp(counted.term) as odds_ratio,
        cast(counted.customer_count as integer) as customer_count,
        {{ ratio(
            'counted.customer_count',
            'sum(counted.customer_count)
                over (partition by counted.feature_name)'
        ) }} as customer_share
    from counted
    inner join feature_catalog
        on counted.feature_name = feature_catalog.feature_name

)

select * from churn_step_functions
{%- endif %}
