{#- SQL of one text that tells the rows of a table from any others, whatever
    their order: a count and a sum of hashes. Python compares with it
    (orchestration/gate.py, which has the same formula). -#}
{% macro content_digest(relation) -%}
    {{ adapter.dispatch('content_digest', 'regulars')(relation) }}
{%- endmacro %}

{% macro duckdb__content_digest(relation) -%}
    (
        select
            count(*) || ' '
            || coalesce(sum(cast(hash(*columns(*)) as hugeint)), 0)
        from {{ relation }}
    )
{%- endmacro %}

{% macro default__content_digest(relation) -%}
    (
        select
            count(*) || ' '
            || coalesce(sum(hashtext(cast(digested as text))), 0)
        from {{ relation }} as digested
    )
{%- endmacro %}

{% macro spark__content_digest(relation) -%}
    (
        select
            count(*) || ' '
            || coalesce(sum(cast(xxhash64(*) as decimal(38, 0))), 0)
        from {{ relation }}
    )
{%- endmacro %}
