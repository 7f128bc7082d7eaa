{#- The load makes it, too; a warehouse that an earlier version loaded lacks it. -#}
{% macro create_input_findings() -%}
    create schema if not exists raw;
    create table if not exists raw.input_findings (
        finding_code varchar,
        table_name varchar,
        file_name varchar,
        column_name varchar,
        line_number bigint,
        found_value varchar,
        affected_count bigint,
        message varchar,
        remedy varchar,
        found_at timestamp
    );
{%- endmacro %}
