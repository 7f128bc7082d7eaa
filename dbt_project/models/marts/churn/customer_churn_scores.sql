{# One row per person with an order before the as-of date. Bands are multiples
   of the share that came back in the model's later test period, whose verdict
   beats_baseline is, too (promise 4). -#}
with

churn_scores as (

    select * from {{ ref('churn_scores') }}

),

churn_reasons as (

    select * from {{ ref('churn_reasons') }}

),

churn_verdict as (

    select * from {{ ref('churn_verdict') }}

),

risk_bands as (

    select * from {{ ref('risk_bands') }}

),

lifts as (

    select
        churn_scores.customer_id,
        churn_scores.as_of_date,
        churn_scores.model_id,
        churn_scores.family,
        churn_scores.return_probability,
        {{ ratio(
            'churn_scores.return_probability', 'churn_verdict.base_rate'
        ) }} as return_lift,
        churn_verdict.beats_baseline
    from churn_scores
    inner join churn_verdict
        on churn_scores.model_id = churn_verdict.model_id

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
        banded.family,
        banded.return_probability,
        1e0 - banded.return_probability as churn_probability,
        banded.return_lift,
        banded.risk_band,
        churn_reasons.reason_1,
        churn_reasons.reason_2,
        churn_reasons.reason_3,
        coalesce(churn_reasons.reasons_are_exact, false) as reasons_are_exact,
        banded.beats_baseline
    from banded
    left join churn_reasons
        on banded.customer_id = churn_reasons.customer_id
    where banded.band_rank = 1

)

select * from customer_churn_scores
