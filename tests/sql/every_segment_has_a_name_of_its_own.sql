{# Where the segmentation passed and something sets the segment apart. #}
select
    segment_name,
    count(distinct segment_id) as segment_count
from {{ ref('customer_segments') }}
where segment_name is not null
group by segment_name
having count(distinct segment_id) <> 1
