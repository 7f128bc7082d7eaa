{% macro require_raw_tables() -%}
    {%- if execute and flags.WHICH in ['run', 'build', 'test', 'snapshot'] -%}
        {%- set found = adapter.get_relation(
            database=target.database, schema='raw', identifier='load_log'
        ) -%}
        {%- if found is none -%}
            {%- do exceptions.raise_compiler_error(
                "the warehouse has no raw tables yet; run `regulars load` first "
                ~ "(or `make warehouse`, which does everything)"
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
