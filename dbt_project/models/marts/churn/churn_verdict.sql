{# One row: whether there is a churn model that one may use, how good it is on
   a later period, and whether it beats the best baseline there. -#}
with

build_info as (

    select * from {{ ref('build_info') }}

),

churn_protocol as (

    select * from {{ ref('churn_protocol') }}

),

model_registry as (

    select * from {{ source('ml', 'model_registry') }}

),

live_models as (

    select * from {{ ref('live_models') }}

),

model_quality as (

    select * from {{ ref('model_quality') }}
    where purpose = 'churn' and is_champion and split = 'test'

),

churn_status_reason_texts as (

    select * from {{ ref('texts') }}
    where topic = 'churn_status_reason' and text_code = 'none_fitted'

),

churn_verdict_texts as (

    select * from {{ ref('texts') }}
    where topic = 'churn_verdict'

),

churn_answer_texts as (

    select * from {{ ref('texts') }}
    where topic = 'churn_answer'

),

{# The champion; else what was said last of why there is none. #}
ranked_models as (

    select
        model_registry.*,
        coalesce(live_models.is_champion, false) as is_champion,
        row_number() over (
            order by
                case
                    when live_models.is_champion then 0
                    when live_models.model_id is not null then 1
                    when model_registry.status = 'not_eligible' then 1
                    else 2
                end,
                model_registry.as_of_date desc,
                case model_registry.family when 'bg_nbd' then 1 else 0 end,
                case model_registry.status
                    when 'not_eligible' then 0 else 1
                end,
                model_registry.trained_at desc,
                model_registry.model_id asc
        ) as model_rank
    from model_registry
    left join live_models
        on model_registry.model_id = live_models.model_id
    where
        model_registry.purpose = 'churn'
        and {{ ml_is_of_the_time('model_registry') }}

),

figures as (

    select
        model_id,
        max(family_name) as family_name,
        {% for metric in [
            'base_rate', 'roc_auc', 'roc_auc_gain', 'lift_at_10_percent',
            'calibration_slope'
        ] %}
        max(case when metric_name = '{{ metric }}' then metric_value end)
            as {{ metric }},
        max(case when metric_name = '{{ metric }}' then lower_bound end)
            as {{ metric }}_lower_bound,
        max(case when metric_name = '{{ metric }}' then upper_bound end)
            as {{ metric }}_upper_bound,
        {% endfor %}
        max(case when metric_name = 'roc_auc' then baseline_name end)
            as baseline_name,
        max(case when metric_name = 'roc_auc' then baseline_value end)
            as baseline_roc_auc
    from model_quality
    group by model_id

),

gathered as (

    select
        build_info.as_of_date,
        coalesce(
            ranked_models.label_window_days, churn_protocol.label_window_days
        ) as label_window_days,
        case
            when ranked_models.is_champion then 'champion'
            when ranked_models.status = 'not_eligible' then 'not_eligible'
            else 'no champion'
        end as status,
        case
            when
                ranked_models.is_champion
                or ranked_models.status = 'not_eligible'
                or ranked_models.status_reason like 'refused: %'
                then ranked_models.status_reason
            else churn_status_reason_texts.text
        end as status_reason,
        case
            when ranked_models.is_champion then ranked_models.model_id
        end as model_id,
        case
            when ranked_models.is_champion then ranked_models.family
        end as family,
        coalesce(
            ranked_models.status = 'not_eligible'
            and ranked_models.family <> 'none',
            false
        ) as is_suspected,
        {{ listed_dates('ranked_models.settings', 'training_dates') }}
            as training_dates,
        ranked_models.test_date,
        {{ listed_dates('ranked_models.settings', 'fitted_dates') }}
            as fitted_dates
    from build_info
    cross join churn_protocol
    cross join churn_status_reason_texts
    left join ranked_models
        on ranked_models.model_rank = 1

),

judged as (

    select
        gathered.*,
        figures.family_name,
        figures.base_rate,
        figures.roc_auc,
        figures.roc_auc_lower_bound,
        figures.roc_auc_upper_bound,
        figures.baseline_name,
        figures.baseline_roc_auc,
        figures.roc_auc_gain,
        figures.roc_auc_gain_lower_bound,
        figures.roc_auc_gain_upper_bound,
        figures.lift_at_10_percent,
        figures.calibration_slope,
        figures.calibration_slope_lower_bound,
        figures.calibration_slope_upper_bound,
        coalesce(figures.roc_auc_gain_lower_bound > 0, false) as beats_baseline
    from gathered
    left join figures
        on gathered.model_id = figures.model_id

),

coded as (

    select
        *,
        case
            when is_suspected then 'suspected_leak'
            when status = 'not_eligible' then 'not_eligible'
            when status = 'no champion' then 'no_champion'
            when beats_baseline then 'better'
            when roc_auc_gain_upper_bound < 0 then 'worse'
            else 'not_significantly_better'
        end as verdict_code
    from judged

),

churn_verdict as (

    select
        coded.as_of_date,
        coded.label_window_days,
        cast(coded.status as varchar) as status,
        cast(coded.status_reason as varchar) as status_reason,
        coded.is_suspected,
        cast(coded.model_id as varchar) as model_id,
        cast(coded.family as varchar) as family,
        cast(coded.family_name as varchar) as family_name,
        coded.training_dates,
        coded.test_date,
        coded.fitted_dates,
        coded.base_rate,
        coded.roc_auc,
        coded.roc_auc_lower_bound,
        coded.roc_auc_upper_bound,
        cast(coded.baseline_name as varchar) as baseline_name,
        coded.baseline_roc_auc,
        coded.roc_auc_gain,
        coded.roc_auc_gain_lower_bound,
        coded.roc_auc_gain_upper_bound,
        coded.lift_at_10_percent,
        coded.calibration_slope,
        coded.calibration_slope_lower_bound,
        coded.calibration_slope_upper_bound,
        coded.beats_baseline,
        cast(coded.verdict_code as varchar) as verdict_code,
        cast({{ filled_text('churn_verdict_texts.text', {
            'status_reason': 'coded.status_reason',
            'baseline_name': 'coded.baseline_name',
        }) }} as varchar) as verdict,
        cast(churn_answer_texts.text as varchar) as answer
    from coded
    left join churn_verdict_texts
        on coded.verdict_code = churn_verdict_texts.text_code
    left join churn_answer_texts
        on coded.verdict_code = churn_answer_texts.text_code

)

select * from churn_verdict
