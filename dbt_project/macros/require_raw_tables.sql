{% macro require_raw_tables() -%}
    {%- if execute and flags.WHICH in ['run', 'build', 'test', 'snapshot'] -%}
        {%- if not table_exists('raw', 'load_log') -%}
            {%- do exceptions.raise_compiler_error(
                "the warehouse has no raw tables yet; run `regulars load` first "
                ~ "(or `make warehouse`, which does everything)"
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
