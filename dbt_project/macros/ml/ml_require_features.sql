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
{%- endmacro %}
