{# One row per fact: as it was published, if these are the published files, and
   as it is in them. -#}
with

facts as (

    select * from {{ ref('olist__published_data_facts') }}

),

known_data_sets as (

    select * from {{ ref('olist__known_data_sets') }}

),

orders as (

    select * from {{ ref('int_olist__conform_orders') }}

),

measured_facts as (

    select * from {{ ref('int_olist__measure_data_facts') }}

),

recognised as (

    select count(*) > 0 as is_published_data_set
    from known_data_sets
    inner join orders
        on known_data_sets.marker_order_id = orders.order_id

),

int_olist__compare_data_facts as (

    select
        facts.fact_number,
        facts.pitfall_number,
        facts.fact_id,
        facts.fact,
        facts.unit,
        case when recognised.is_published_data_set then facts.expected end
            as expected,
        measured_facts.found
    from facts
    cross join recognised
    left join measured_facts
        on facts.fact_id = measured_facts.fact_id

)

select * from int_olist__compare_data_facts
