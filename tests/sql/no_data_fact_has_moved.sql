{# Warns only: a shop with new data must still build. #}
{{ config(severity='warn') }}
select
    fact_number,
    fact,
    expected,
    found
from {{ ref('data_facts') }}
where has_moved
