{#- An insert would cast a column to its former type, and keep a column that is gone. -#}
{% macro refuse_other_types() -%}
    {%- for column in adapter.get_columns_in_relation(this) -%}
        {%- set wanted = model.columns.get(column.name, {}).get('data_type') -%}
        {%- set type = 'varchar' if column.is_string() else column.data_type -%}
        {%- if (wanted or 'none') | lower | replace(' ', '')
            != type | lower | replace(' ', '') -%}
            {%- do exceptions.raise_compiler_error(
                this.schema ~ "." ~ this.identifier ~ " has the column " ~ column.name ~ " as "
                ~ type | lower ~ ", the model has "
                ~ ("it as " ~ wanted if wanted else "no such column")
                ~ "; build once with --full-refresh"
            ) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}
