{# One row per person with an order before the as-of date. Bands are multiples
   of the share that came back in the model's later test period, whose verdict
   beats_baseline is, too (promise 4). -#}
with

churn_logistic_terms as (

    select * from {{ ref('churn_logistic_terms') }}

),

churn_logistic_reasons as (

    select * from {{ ref('churn_logistic_reasons') }}

),

model_metrics as (

    select * from {{ source('ml', 'model_metrics') }}

),

risk_bands as (

    select * from {{ ref('risk_bands') }}

),

base_rates as (

    select
        model_id,
        metric_value as base_rate
    from model_metrics
    where split = 'test' and metric_name = 'base_rate'

),

verdicts as (

    select
        model_id,
        lower_bound > 0 as beats_baseline
    from model_metrics
    where split = 'test' and metric_name = 'roc_auc_gain'

),

lifts as (

    select
        churn_logistic_terms.customer_id,
        churn_logistic_terms.as_of_date,
        churn_logistic_terms.model_id,
        churn_logistic_terms.return_probability,
        {{ ratio(
            'churn_logistic_terms.return_probability', 'base_rates.base_rate'
        ) }} as return_lift
    from churn_logistic_terms
    inner join base_rates
        on churn_logistic_terms.model_id = base_rates.model_id

),

banded as (

    select
        lifts.*,
        risk_bands.risk_band,
        row_number() over (
            partition by lifts.customer_id
            order by risk_bands.min_return_lift desc
        ) as band_rank
    from lifts
    inner join risk_bands
        on lifts.return_lift >= risk_bands.min_return_lift

),

customer_churn_scores as (

    select
        banded.customer_id,
        banded.as_of_date,
        banded.model_id,
        banded.return_probability,
        1e0 - banded.return_probability as churn_probability,
        banded.return_lift,
        banded.risk_band,
        churn_logistic_reasons.reason_1,
        churn_logistic_reasons.reason_2,
        churn_logistic_reasons.reason_3,
        coalesce(verdicts.beats_baseline, false) as beats_baseline
    from banded
    left join churn_logistic_reasons
        on banded.customer_id = churn_logistic_reasons.customer_id
    left join verdicts
        on banded.model_id = verdicts.model_id
    where banded.band_rank = 1

)

select * from customer_churn_scores
