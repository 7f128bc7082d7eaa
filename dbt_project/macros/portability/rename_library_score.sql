{#- Names what Python predicted `score` where an earlier version named it after the first
    purpose. Rows stay. On a table of today it does nothing. -#}
{% macro rename_library_score() -%}
    {%- if execute and has_column('ml', 'library_scores', 'return_probability') -%}
        {{- adapter.dispatch('rename_library_score', 'regulars')() -}}
    {%- endif -%}
{%- endmacro %}

{% macro default__rename_library_score() -%}
    alter table ml.library_scores rename column return_probability to score
{%- endmacro %}

{#- Tables of Spark are copies, and most of its formats rename no column. -#}
{% macro spark__rename_library_score() -%}
    {%- do exceptions.raise_compiler_error(
        "ml.library_scores is of an earlier version; copy the tables of the schema ml again,"
        ~ " from a DuckDB warehouse on which `dbt run` has worked since"
    ) -%}
{%- endmacro %}
