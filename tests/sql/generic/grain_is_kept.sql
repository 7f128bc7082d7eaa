{# There are as many rows (or so many times as many) as in the relation that
   gives the grain, or as it has values of a column: no join multiplied or lost
   one. #}
{% test grain_is_kept(
    model, same_as, where_there=none, times=1, distinct_column=none
) %}

select
    here.row_count as row_count_here,
    there.row_count as row_count_there
from (select count(*) as row_count from {{ model }}) as here
cross join (
    select
        count({{ 'distinct ' ~ distinct_column if distinct_column else '*' }})
        * {{ times }} as row_count
    from {{ same_as }}
    {% if where_there %} where {{ where_there }} {% endif %}
) as there
where here.row_count is distinct from there.row_count

{% endtest %}
