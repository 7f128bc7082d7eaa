{% macro create_test_log() -%}
    create schema if not exists raw;
    create table if not exists raw.test_log (
        test_id varchar not null,
        test_name varchar not null,
        test_kind varchar not null,
        model_name varchar,
        column_name varchar,
        status varchar not null,
        failure_count integer,
        message varchar,
        tested_at timestamp not null,
        content_digest varchar
    );
    {#- Logs of earlier versions lack it. -#}
    alter table raw.test_log add column if not exists content_digest varchar;
    create table if not exists raw.model_log (
        model_name varchar not null,
        schema_name varchar not null,
        as_of_date date not null,
        built_at timestamp not null
    );
{%- endmacro %}
