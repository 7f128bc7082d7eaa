{# One row per fact: a figure that misleads whoever does not know of it, as it
   was published and as it is in this warehouse. -#}
with

facts as (

    select * from {{ ref('published_data_facts') }}
    where source = '{{ source_name() }}'

),

known_data_sets as (

    select * from {{ ref('known_data_sets') }}
    where source = '{{ source_name() }}'

),

conformed_orders as (

    select * from {{ conformed('orders') }}

),

measured_facts as (

    select * from {{ conformed('data_facts', verb='measure') }}

),

recognised as (

    select count(*) > 0 as is_published_data_set
    from known_data_sets
    inner join conformed_orders
        on known_data_sets.marker_order_id = conformed_orders.order_id

),

compared as (

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

),

data_facts as (

    select
        cast(fact_number as integer) as fact_number,
        cast(pitfall_number as integer) as pitfall_number,
        cast(fact_id as varchar) as fact_id,
        cast(fact as varchar) as fact,
        cast(unit as varchar) as unit,
        cast(expected as decimal(18, 4)) as expected,
        cast(found as decimal(18, 4)) as found,
        case
            when expected is not null then (found is distinct from expected)
        end as has_moved
    from compared

)

select * from data_facts
