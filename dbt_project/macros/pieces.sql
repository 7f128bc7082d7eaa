{#- Pieces of lines; a line of a quantity that is not whole, such as 0.4 kg, is one piece. -#}
{% macro pieces(quantity) -%}
    sum(case when {{ quantity }} = floor({{ quantity }}) then {{ quantity }} else 1 end)
{%- endmacro %}
