select
    segment_name,
    count(distinct segment_id) as segment_count
from {{ ref('customer_segments') }}
group by segment_name
having count(distinct segment_id) <> 1
