{#- What a row of an incremental model was made of: the model's own text, the features
    that the source supplies, and the person's facts. -#}
{% macro made_of(facts_digest) -%}
    {%- set recipe = model.raw_code ~ (supplied_features() | join(' ')) -%}
    '{{ local_md5(recipe)[:8] }}-' || {{ facts_digest }}
{%- endmacro %}
