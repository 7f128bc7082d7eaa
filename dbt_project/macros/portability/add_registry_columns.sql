{#- Brings a registry of Regulars 0.6 or earlier to what it is now, in one transaction: what lay in
    the JSON of `settings` becomes columns, and `settings` keeps what is settings. Statuses and ids
    stay. On a registry of today it does nothing. -#}
{% macro add_registry_columns() -%}
    {%- if execute and not has_registry_columns() -%}
        {{- adapter.dispatch('add_registry_columns', 'regulars')() -}}
    {%- endif -%}
{%- endmacro %}

{#- Models are fitted in a DuckDB warehouse; another target has copies of its tables. -#}
{% macro default__add_registry_columns() -%}
    {%- do exceptions.raise_compiler_error(
        "ml.model_registry is of Regulars 0.6 or earlier; copy the tables of the schema ml again, from a DuckDB"
        ~ " warehouse on which `dbt run` has worked since"
    ) -%}
{%- endmacro %}

{% macro duckdb__add_registry_columns() -%}
    {%- do require_readable_settings() -%}
    begin transaction;
    alter table ml.model_registry add column verdict varchar;
    alter table ml.model_registry add column evidence varchar;
    alter table ml.model_registry add column test_date date;
    alter table ml.model_registry add column label_window_days integer;
    alter table ml.model_registry add column scored_by varchar;
    update ml.model_registry
    set
        verdict = case
            when family = 'none' then status_reason
            else coalesce(
                json_extract_string(settings, '$.gates.suspicion'),
                json_extract_string(settings, '$.study.verdict'),
                json_extract_string(settings, '$.gates.verdict'),
                case purpose
                    when 'segmentation' then 'no study of it is known'
                    else 'fitted before churn models were held to gates'
                end
            )
        end,
        evidence = coalesce(
            json_extract_string(settings, '$.study.evidence'),
            json_extract_string(settings, '$.gates.evidence'),
            ''
        ),
        test_date = cast(json_extract_string(settings, '$.test_date') as date),
        label_window_days = cast(
            json_extract_string(settings, '$.label_window_days') as integer
        ),
        scored_by = case
            when family <> 'none'
                then coalesce(json_extract_string(settings, '$.scored_by'), 'sql')
        end,
        {#- A member that is null goes. #}
        settings = json_merge_patch(settings, json_object(
            'study_id', json_extract_string(settings, '$.study.study_id'),
            'study', null,
            'gates', null,
            'test_date', null,
            'label_window_days', null,
            'scored_by', null
        ));
    commit;
{%- endmacro %}

{#- What cannot be read cannot be kept. -#}
{% macro require_readable_settings() -%}
    {%- set unreadable = run_query(
        "with told as (select model_id, case when json_valid(settings) then settings else '0' end as settings"
        ~ " from ml.model_registry), read as (select model_id, json_type(settings) as kind,"
        ~ " json_extract_string(settings, '$.test_date') as test_date,"
        ~ " json_extract_string(settings, '$.label_window_days') as days from told)"
        ~ " select model_id from read where kind <> 'OBJECT'"
        ~ " or (test_date is not null and try_cast(test_date as date) is null)"
        ~ " or (days is not null and try_cast(days as integer) is null) order by model_id"
    ).rows -%}
    {%- if unreadable -%}
        {%- do exceptions.raise_compiler_error(
            "expected settings in ml.model_registry as Regulars 0.6 wrote them, a JSON object with a date as"
            ~ " test_date and whole label_window_days, got others for " ~ unreadable[0][0] ~ "; delete its row, or"
            ~ " move the warehouse away and build a new one with `regulars build`"
        ) -%}
    {%- endif -%}
{%- endmacro %}
