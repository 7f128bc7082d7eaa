{# Each fact that the seed names is measured once, and nothing else is. #}
{{ config(group='ingestion') }}
with

facts as (

    select fact_id from {{ ref('olist__published_data_facts') }}

),

measured_facts as (

    select
        fact_id,
        count(found) as found_count
    from {{ ref('int_olist__measure_data_facts') }}
    group by fact_id

)

select
    facts.fact_id,
    measured_facts.fact_id as measured_fact_id,
    measured_facts.found_count
from facts
full outer join measured_facts
    on facts.fact_id = measured_facts.fact_id
where
    facts.fact_id is null
    or measured_facts.found_count is distinct from 1
union all
select
    fact_id,
    null as measured_fact_id,
    0 as found_count
from {{ ref('data_facts') }}
where found is null
