{% macro ml_require_features(live_model, relation) -%}
    {%- set present = [] -%}
    {%- for column in adapter.get_columns_in_relation(relation) -%}
        {%- do present.append(column.name | lower) -%}
    {%- endfor -%}
    {%- for feature in live_model.feature_names if feature not in present -%}
        {%- do exceptions.raise_compiler_error(
            "the model " ~ live_model.model_id ~ " needs the feature '" ~ feature
            ~ "', which " ~ relation.schema ~ "." ~ relation.identifier
            ~ " does not have; bring the column back, or fit again with"
            ~ " `regulars fit`"
        ) -%}
    {%- endfor -%}
    {%- if flags.WHICH in ['run', 'build'] -%}
        {%- set counted = run_query(
            "select count(*) from " ~ relation
            ~ " where as_of_date = " ~ date_literal(as_of_date())
        ) -%}
        {%- if counted.rows[0][0] == 0 -%}
            {%- do exceptions.raise_compiler_error(
                relation.schema ~ "." ~ relation.identifier ~ " has no rows as of "
                ~ as_of_date() ~ "; build the features as of that date first:"
                ~ " `regulars build --as-of " ~ as_of_date() ~ "`"
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
