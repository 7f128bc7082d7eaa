{% macro ml_component_with(components, measure, value, other_than=none) -%}
    case
        {%- for component in components %}
        when
            {{ other_than ~ ' <> ' ~ component ~ ' and ' if other_than -}}
            {{ measure }}_{{ component }} = {{ value }}
            then {{ component }}
        {%- endfor %}
    end
{%- endmacro %}
