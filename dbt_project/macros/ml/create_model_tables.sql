{% macro create_model_tables() -%}
    create schema if not exists ml;
    create table if not exists ml.model_registry (
        model_id varchar not null,
        purpose varchar not null,
        family varchar not null,
        status varchar not null,
        as_of_date date not null,
        trained_at timestamp not null,
        row_count bigint not null,
        feature_count integer not null,
        settings varchar not null,
        code_version varchar not null,
        status_reason varchar not null
    );
    create table if not exists ml.model_parameters (
        model_id varchar not null,
        parameter_name varchar not null,
        component_id integer,
        feature_name varchar,
        paired_feature_name varchar,
        value {{ type_double() }} not null
    );
    create table if not exists ml.model_metrics (
        model_id varchar not null,
        split varchar not null,
        metric_name varchar not null,
        metric_value {{ type_double() }} not null,
        lower_bound {{ type_double() }},
        upper_bound {{ type_double() }},
        baseline_name varchar,
        baseline_value {{ type_double() }}
    );
{%- endmacro %}
