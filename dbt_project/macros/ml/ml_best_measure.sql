{% macro ml_best_measure(components, measure, pick, other_than=none) -%}
    {{ pick }}(
        {%- for component in components %}
        {% if other_than -%}
        case
            when {{ other_than }} <> {{ component }}
                then {{ measure }}_{{ component }}
        end
        {%- else -%}
        {{ measure }}_{{ component }}
        {%- endif -%}
        {{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
