{% macro value_in_words(value, unit, currency_code) -%}
    case
        when {{ unit }} = 'share'
            then cast(cast({{ value }} * 100 as decimal(18, 1)) as varchar) || ' %'
        when {{ unit }} = 'money'
            then
                cast(cast({{ value }} as decimal(18, 2)) as varchar)
                || ' ' || {{ currency_code }}
        when abs({{ value }}) < 10
            then cast(cast({{ value }} as decimal(18, 2)) as varchar)
        else cast(cast({{ value }} as decimal(18, 1)) as varchar)
    end
{%- endmacro %}
