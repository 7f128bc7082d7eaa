{#- Below 1e-12 of the mean square doubles do not tell a variance from 0. -#}
{% macro population_variance(count, sum, square_sum) -%}
    case
        when
            {{ ratio(square_sum, count) }}
            - {{ ratio(sum, count) }} * {{ ratio(sum, count) }}
            > 1e-12 * {{ ratio(square_sum, count) }}
            then
                {{ ratio(square_sum, count) }}
                - {{ ratio(sum, count) }} * {{ ratio(sum, count) }}
        else 0e0
    end
{%- endmacro %}
