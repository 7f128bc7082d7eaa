{% macro ml_require_library_scores(live_model, relation) -%}
    {%- if flags.WHICH in ['run', 'build'] -%}
        {%- set counted = run_query(
            "select count(*) from " ~ relation
            ~ " where model_id = '" ~ live_model.model_id ~ "'"
            ~ " and as_of_date = " ~ date_literal(as_of_date())
        ) -%}
        {%- if counted.rows[0][0] == 0 -%}
            {%- do exceptions.raise_compiler_error(
                "the model " ~ live_model.model_id ~ " is scored by the library, and "
                ~ relation.schema ~ "." ~ relation.identifier ~ " has no scores of it as of "
                ~ as_of_date() ~ "; `regulars score` writes them"
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
