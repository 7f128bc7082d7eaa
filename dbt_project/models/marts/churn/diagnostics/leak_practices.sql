{# One row per common mistake, and one for judging on a later period: what each
   would have claimed. -#}
with

leak_meter as (

    select * from {{ ref('leak_meter') }}

),

honest_texts as (

    select * from {{ ref('texts') }}
    where topic = 'leak_practice' and text_code = 'honest'

),

practices as (

    select
        practice,
        description,
        roc_auc,
        accuracy,
        false as is_honest
    from leak_meter
    union all
    select distinct
        'judged on a later period' as practice,
        honest_texts.text as description,
        leak_meter.honest_roc_auc as roc_auc,
        cast(null as {{ type_double() }}) as accuracy,
        true as is_honest
    from leak_meter
    cross join honest_texts

),

leak_practices as (

    select
        cast(practice as varchar) as practice,
        cast(description as varchar) as description,
        roc_auc,
        accuracy,
        is_honest
    from practices

)

select * from leak_practices
