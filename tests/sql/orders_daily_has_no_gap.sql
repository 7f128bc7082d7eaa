{# As many rows as days from the first to the last, which is the day before the
   as-of date. #}
select
    min(order_date) as first_order_date,
    max(order_date) as last_order_date,
    count(*) as row_count
from {{ ref('orders_daily') }}
having
    count(*) is distinct from {{ days_between(
        'min(order_date)', date_literal(as_of_date())
    ) }}
    or {{ days_between('max(order_date)', date_literal(as_of_date())) }}
    is distinct from 1
