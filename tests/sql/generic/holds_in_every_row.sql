{% test holds_in_every_row(model, expression) %}

select *
from {{ model }}
where ({{ expression }}) is distinct from true

{% endtest %}
