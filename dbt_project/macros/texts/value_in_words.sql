{% macro value_in_words(value, unit, currency_code) -%}
    case
        when {{ unit }} = 'share'
            then {{ number_text(value ~ ' * 100', 1) }} || ' %'
        when {{ unit }} = 'money'
            then {{ number_text(value) }} || ' ' || {{ currency_code }}
        when abs({{ value }}) < 10 then {{ number_text(value) }}
        else {{ number_text(value, 1) }}
    end
{%- endmacro %}
