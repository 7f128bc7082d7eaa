{#- As in dbt_utils, but stricter: an expression that is null is not true. On a
    column the expression follows its name, as in `>= 0`. -#}
{% test expression_is_true(model, expression, column_name=none) %}

select *
from {{ model }}
where ({{ column_name or '' }} {{ expression }}) is distinct from true

{% endtest %}
