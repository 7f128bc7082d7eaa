-- A figure that is missing leaves its placeholder in the text.
select
    'refit_advice' as mart_name,
    advice as sentence
from {{ ref('refit_advice') }}
where advice is null or position('{' in advice) > 0
union all
select
    'churn_verdict' as mart_name,
    verdict as sentence
from {{ ref('churn_verdict') }}
where verdict is null or answer is null or position('{' in verdict) > 0
union all
select
    'segments' as mart_name,
    description as sentence
from {{ ref('segments') }}
where description is null or position('{' in description) > 0
