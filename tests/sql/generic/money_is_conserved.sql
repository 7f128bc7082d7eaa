{# The sum of an amount is the same, to the cent, as in another relation. #}
{% test money_is_conserved(
    model, column_name, same_as, same_as_column=none, where_there=none
) %}

select
    here.amount as amount_here,
    there.amount as amount_there
from (
    select coalesce(sum({{ column_name }}), 0) as amount from {{ model }}
) as here
cross join (
    select coalesce(sum({{ same_as_column or column_name }}), 0) as amount
    from {{ same_as }}
    {% if where_there %} where {{ where_there }} {% endif %}
) as there
where here.amount is distinct from there.amount

{% endtest %}
