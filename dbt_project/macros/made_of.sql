{#- What a person's rows in an incremental model were made of: the model's own text, what the
    macros that such models call make of an example, settings, and the person's facts. -#}
{% macro made_of(facts_digest, settings='') -%}
    {%- set recipe = [
        model.raw_code, settings, ratio('a', 'b'), money('a'), is_weekend('a'),
        days_between('a', 'b'), seconds_between('a', 'b'), months_between('a', 'b'),
        add_days('a', 1), feature_column(['a'], 'a', 'integer'),
    ] | join('\n') -%}
    '{{ local_md5(recipe)[:8] }}-' || {{ facts_digest }}
{%- endmacro %}
