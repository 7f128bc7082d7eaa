{% macro feature_column(supplied, feature, type) -%}
    cast({{ feature if feature in supplied else 'null' }} as {{ type }})
{%- endmacro %}
