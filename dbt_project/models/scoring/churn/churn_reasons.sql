{# One row per person: the three features whose terms moved their log-odds of
   returning furthest from the average training row's, in words, each with the
   direction in which it speaks. Terms are the champion's own where it is a sum
   of one term per feature; else those of such a model fitted beside it (the
   first that is live), and reasons are not exact. -#}
{%- set found = namespace(live=none, terms=none) -%}
{%- for scoring_model in scoring_models('churn', with_terms=true) -%}
{%- set model_terms = ref(scoring_model) -%}
{%- set candidate = ml_live_model('churn', scoring_model) -%}
{%- if found.terms is none or candidate is not none
    and (found.live is none or candidate.status == 'champion') -%}
{%- set found.live = candidate -%}
{%- set found.terms = model_terms -%}
{%- endif -%}
{%- endfor -%}
{%- set live, terms = found.live, found.terms -%}
{%- set features = ref('customer_feature_snapshots') -%}
{%- set catalog = ref('feature_catalog') -%}
{%- if live is none -%}

select
    cast(null as varchar) as customer_id,
    cast(null as boolean) as reasons_are_exact,
    cast(null as varchar) as reason_1,
    cast(null as varchar) as reason_2,
    cast(null as varchar) as reason_3
from {{ terms }}
where 1 = 0

{%- else -%}

with

terms as (

    select * from {{ terms }}

),

customer_feature_snapshots as (

    select * from {{ features }}
    where as_of_date = {{ date_literal(as_of_date()) }}

),

feature_catalog as (

    select * from {{ catalog }}

),

feature_terms as (

    {%- for feature in live.feature_names %}
    select
        terms.customer_id,
        '{{ feature }}' as feature_name,
        terms.{{ feature }}_term as term,
        cast(customer_feature_snapshots.{{ feature }} as {{ type_double() }})
            as feature_value
    from terms
    inner join customer_feature_snapshots
        on
            terms.customer_id
            = customer_feature_snapshots.customer_id
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

ranked_terms as (

    select
        *,
        row_number() over (
            partition by customer_id order by abs(term) desc, feature_name asc
        ) as term_rank
    from feature_terms

),

reasons as (

    select
        ranked_terms.customer_id,
        ranked_terms.term_rank,
        case
            when ranked_terms.feature_value is null
                then feature_catalog.meaning || ': not known yet'
            when feature_catalog.unit = 'share'
                then replace(
                    feature_catalog.reason_text,
                    '{value}',
                    cast(
                        cast(
                            round(ranked_terms.feature_value * 100) as integer
                        ) as varchar
                    ) || ' %'
                )
            when feature_catalog.unit = 'money'
                then replace(
                    feature_catalog.reason_text,
                    '{value}',
                    cast(
                        cast(
                            ranked_terms.feature_value as decimal(18, 2)
                        ) as varchar
                    )
                )
            else replace(
                feature_catalog.reason_text,
                '{value}',
                replace(
                    cast(
                        cast(
                            ranked_terms.feature_value as decimal(18, 1)
                        ) as varchar
                    ), '.0', ''
                )
            )
        end
        || case when ranked_terms.term < 0 then ' (against)' else ' (for)' end
            as reason
    from ranked_terms
    inner join feature_catalog
        on ranked_terms.feature_name = feature_catalog.feature_name
    where ranked_terms.term_rank <= 3

),

churn_reasons as (

    select
        customer_id,
        {{ 'true' if live.status == 'champion' else 'false' }}
            as reasons_are_exact,
        max(case when term_rank = 1 then reason end) as reason_1,
        max(case when term_rank = 2 then reason end) as reason_2,
        max(case when term_rank = 3 then reason end) as reason_3
    from reasons
    group by customer_id

)

select * from churn_reasons
{%- endif %}
