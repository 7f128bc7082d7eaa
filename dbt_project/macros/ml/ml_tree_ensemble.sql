{% macro ml_tree_ensemble(live_model) -%}
    {%- for root in live_model.parameters.root %}
    {{ '+ ' if not loop.first }}{{ ml_tree(live_model, root) }}
    {%- endfor %}
{%- endmacro %}
