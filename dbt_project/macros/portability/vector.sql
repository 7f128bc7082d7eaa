{% macro vector(expressions) -%}
    case
        when {{ expressions | join(' + ') }} is not null
            then {{ adapter.dispatch('vector', 'regulars')(expressions) }}
    end
{%- endmacro %}

{% macro default__vector(expressions) -%}
    array[{{ expressions | join(', ') }}]
{%- endmacro %}

{% macro spark__vector(expressions) -%}
    array({{ expressions | join(', ') }})
{%- endmacro %}
