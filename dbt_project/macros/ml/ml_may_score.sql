{#- Whether a row of the registry is of a model that may score: a champion, or a challenger beside
    it. -#}
{% macro ml_may_score(registry) -%}
    {{ registry }}.status in ('champion', 'challenger')
{%- endmacro %}
