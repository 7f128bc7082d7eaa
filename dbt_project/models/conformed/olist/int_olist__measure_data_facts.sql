{# One row per fact of the seed olist__published_data_facts. What cannot be
   found because there is nothing to look at, such as the median of no gaps, is
   0. -#}
with

order_facts as (

    select * from {{ ref('int_olist__measure_order_facts') }}

),

money_facts as (

    select * from {{ ref('int_olist__measure_money_facts') }}

),

catalog_facts as (

    select * from {{ ref('int_olist__measure_catalog_facts') }}

),

measured_facts as (

    select * from order_facts
    union all
    select * from money_facts
    union all
    select * from catalog_facts

),

int_olist__measure_data_facts as (

    select
        fact_id,
        coalesce(found, 0) as found
    from measured_facts

)

select * from int_olist__measure_data_facts
