{#- What a purpose's live model says (the champion, or the latest challenger; of the families that
    one scoring model serves, where it is named), or none while there is none: model_id, family,
    status, scored_by ('sql', or 'library' where it is too large to compile), feature_names and
    parameters[parameter_name][component_id][feature_name][paired_feature_name], texts of doubles in
    the order of components. Component ids are texts, '-1' where there is none: unit tests hand such
    mappings over in YAML, and with numbers for keys dbt could not read again what it has parsed. A
    model that was fitted as of a later date than this build's is not live in it. -#}
{% macro ml_live_model(purpose, scoring_model=none) -%}
    {%- set registry = source('ml', 'model_registry') -%}
    {%- set parameter_table = source('ml', 'model_parameters') -%}
    {%- set families = source('ml', 'model_families') -%}
    {%- if not execute -%}
        {{- return(none) -}}
    {%- endif -%}
    {%- if not table_exists(registry.schema, registry.identifier) -%}
        {{- return(none) -}}
    {%- endif -%}
    {%- if not has_registry_columns() -%}
        {%- do exceptions.raise_compiler_error(
            "ml.model_registry is of Regulars 0.6 or earlier, without the column scored_by;"
            ~ " `dbt run` or `regulars build` adds what it lacks and keeps its models"
        ) -%}
    {%- endif -%}
    {%- set live = run_query(
        "select model_id, family, status, scored_by from " ~ registry ~ " as registry"
        ~ " where purpose = '" ~ purpose ~ "'"
        ~ (" and family in (select family from " ~ families
            ~ " where scoring_model = '" ~ scoring_model ~ "')" if scoring_model else "")
        ~ " and " ~ ml_is_of_the_time('registry') ~ " and " ~ ml_may_score('registry')
        ~ " order by case status when 'champion' then 0 else 1 end,"
        ~ " trained_at desc, model_id limit 1"
    ) -%}
    {%- if live.rows | length == 0 -%}
        {%- do exceptions.warn(
            model.name ~ ": no " ~ purpose ~ " model"
            ~ (" that " ~ scoring_model ~ " scores" if scoring_model else "")
            ~ " is live as of " ~ as_of_date()
            ~ ", so this table is empty; `regulars fit` comes first"
        ) -%}
        {{- return(none) -}}
    {%- endif -%}
    {%- set found = live.rows[0] -%}
    {%- set rows = run_query(
        "select parameter_name, coalesce(component_id, -1),"
        ~ " coalesce(feature_name, ''), coalesce(paired_feature_name, ''),"
        ~ " cast(value as varchar)"
        ~ " from " ~ parameter_table ~ " where model_id = '" ~ found['model_id'] ~ "'"
        ~ " order by 1, 2, 3, 4"
    ).rows -%}
    {%- set parameters, feature_names = {}, [] -%}
    {%- for name, component, feature, paired, value in rows -%}
        {%- set by_component = parameters.setdefault(name, {}) -%}
        {%- set by_feature = by_component.setdefault(component | int | string, {}) -%}
        {%- set by_pair = by_feature.setdefault(feature, {}) -%}
        {%- do by_pair.update({paired: double_literal(value | string)}) -%}
        {%- if name in ('center', 'is_used') -%}
            {%- do feature_names.append(feature) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return({
        'model_id': found['model_id'],
        'family': found['family'],
        'status': found['status'],
        'scored_by': found['scored_by'],
        'feature_names': feature_names,
        'parameters': parameters,
    }) -}}
{%- endmacro %}
