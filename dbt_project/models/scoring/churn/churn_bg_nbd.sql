{# One row per person with an order before the as-of date: what BG/NBD (Fader,
   Hardie and Lee 2005) expects of them within the horizon. With x purchases
   after the first, the last of them after t weeks of T:

       P(alive) = 1 / (1 + a / (b + x - 1) * ((alpha + T) / (alpha + t)) ^ (r + x))

   and 1 where x is 0. Would somebody alive never leave, the number N of their
   purchases in the horizon were negative binomial with shape r + x and
   z = horizon / (alpha + T + horizon); the k-th of them happens if they did not
   leave after one of those before it. So the expectation while alive is the sum
   over n of P(N = n) * C(n), where C(n) adds up, for k from 0 to n - 1, the
   probability to stay k times, (b + x)_k / (a + b + x)_k. That is equation 10
   without its difference of nearly equal numbers. The probability to return is
   P(alive) times P(N > 0). All but P(alive) depends on x and T only, so it is
   worked out once for each pair of them. #}
{%- set features = ref('customer_feature_snapshots') -%}
{%- set live = ml_live_model('churn', 'churn_bg_nbd') -%}
{%- if live is none -%}

{{ ml_no_scores({
    'customer_id': 'varchar',
    'as_of_date': 'date',
    'model_id': 'varchar',
    'expected_purchase_count': type_double(),
    'alive_probability': type_double(),
    'return_probability': type_double(),
}) }}

{%- else -%}
{%- do ml_require_features(live, features) -%}
{%- set r = live.parameters.r['-1'][''][''] -%}
{%- set alpha = live.parameters.alpha['-1'][''][''] -%}
{%- set a = live.parameters.a['-1'][''][''] -%}
{%- set b = live.parameters.b['-1'][''][''] -%}
{%- set horizon = live.parameters.horizon_weeks['-1'][''][''] -%}

with

customer_feature_snapshots as (

    select * from {{ features }}
    where as_of_date = {{ date_literal(as_of_date()) }}

),

histories as (

    select
        customer_id,
        as_of_date,
        purchase_day_count - 1 as repeat_count,
        tenure_days,
        cast(tenure_days as {{ type_double() }}) / 7e0 as age_weeks,
        cast(tenure_days - recency_days as {{ type_double() }}) / 7e0
            as last_purchase_weeks
    from customer_feature_snapshots

),

pairs as (

    select distinct
        repeat_count,
        tenure_days,
        {{ r }} + repeat_count as shape,
        ln({{ horizon }} / ({{ alpha }} + age_weeks + {{ horizon }})) as log_z,
        ln(
            ({{ alpha }} + age_weeks)
            / ({{ alpha }} + age_weeks + {{ horizon }})
        ) as log_rest
    from histories

),

{# P(N = n) is at most (1 + sqrt z) ^ shape * z ^ (n / 2) times another negative
   binomial probability, so that what lies beyond so many terms is below 1e-13.
   #}
counted_pairs as (

    select
        *,
        ceil(-2e0 * (shape * ln(2e0) + 42e0) / log_z) as term_count
    from pairs

),

shapes as (

    select
        repeat_count,
        shape,
        max(term_count) as term_count
    from counted_pairs
    group by repeat_count, shape

),

numbered as (

    select
        repeat_count,
        shape,
        {{ each_number('term_count') }} as term_number
    from shapes

),

logs as (

    select
        repeat_count,
        term_number,
        sum(ln((shape + term_number - 1e0) / term_number)) over (
            partition by repeat_count order by term_number asc
            rows between unbounded preceding and current row
        ) as log_coefficient,
        exp(coalesce(sum(
            ln({{ b }} + repeat_count + term_number - 1e0)
            - ln({{ a }} + {{ b }} + repeat_count + term_number - 1e0)
        ) over (
            partition by repeat_count order by term_number asc
            rows between unbounded preceding and 1 preceding
        ), 0e0)) as stay_probability
    from numbered

),

terms as (

    select
        repeat_count,
        term_number,
        log_coefficient,
        sum(stay_probability) over (
            partition by repeat_count order by term_number asc
            rows between unbounded preceding and current row
        ) as happening_count
    from logs

),

expectations as (

    select
        counted_pairs.repeat_count,
        counted_pairs.tenure_days,
        counted_pairs.shape * counted_pairs.log_rest as log_none,
        cast(sum(cast(
            exp(
                terms.log_coefficient
                + terms.term_number * counted_pairs.log_z
                + counted_pairs.shape * counted_pairs.log_rest
            ) * terms.happening_count as decimal(38, 18)
        )) as {{ type_double() }}) as expected_while_alive
    from counted_pairs
    inner join terms
        on
            counted_pairs.repeat_count = terms.repeat_count
            and counted_pairs.term_count >= terms.term_number
    group by
        counted_pairs.repeat_count,
        counted_pairs.tenure_days,
        counted_pairs.shape,
        counted_pairs.log_rest

),

alive as (

    select
        *,
        case
            when repeat_count = 0 then 1e0
            else 1e0 / (1e0 + exp(least(
                ln({{ a }}) - ln({{ b }} + repeat_count - 1e0)
                + ({{ r }} + repeat_count) * ln(
                    ({{ alpha }} + age_weeks)
                    / ({{ alpha }} + last_purchase_weeks)
                ), 700e0
            )))
        end as alive_probability
    from histories

),

expected as (

    select
        alive.customer_id,
        alive.as_of_date,
        alive.alive_probability,
        alive.alive_probability * expectations.expected_while_alive
            as expected_purchase_count,
        alive.alive_probability * (1e0 - exp(expectations.log_none))
            as raw_probability
    from alive
    inner join expectations
        on
            alive.repeat_count = expectations.repeat_count
            and alive.tenure_days = expectations.tenure_days

),

churn_bg_nbd as (

    select
        customer_id,
        as_of_date,
        '{{ live.model_id }}' as model_id,
        expected_purchase_count,
        alive_probability,
        {{ ml_calibrated_probability(live, 'raw_probability') }}
            as return_probability
    from expected

)

select * from churn_bg_nbd
{%- endif %}
