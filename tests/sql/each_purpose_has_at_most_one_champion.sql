select
    purpose,
    count(*) as champion_count
from {{ source('ml', 'model_registry') }}
where status = 'champion'
group by purpose
having count(*) > 1
