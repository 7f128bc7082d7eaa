{% macro create_facts_worked_out() -%}
    create schema if not exists features;
    create table if not exists features.facts_worked_out (
        model_name varchar not null,
        customer_id varchar not null,
        facts_digest varchar not null
    );
{%- endmacro %}
