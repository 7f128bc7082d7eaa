{# One row per fact: a figure that misleads whoever does not know of it, as it
   was published and as it is in this warehouse. -#}
with

compared_facts as (

    select * from {{ conformed('data_facts', verb='compare') }}

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
    from compared_facts

)

select * from data_facts
