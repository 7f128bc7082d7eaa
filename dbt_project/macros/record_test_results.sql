{#- The last result of each test, in raw.test_log. A test that was skipped keeps
    the result it had; one that is no longer in the project loses its row. -#}
{% macro record_test_results(results) -%}
{%- if execute and flags.WHICH in ['build', 'test'] -%}
    {#- dbt's graph does not list unit tests: they go with their model, or when
        a build of their model no longer selects them. -#}
    {%- set test_ids, model_ids, built_ids, ran = [], [], [], [] -%}
    {%- for node in graph.nodes.values() -%}
        {%- do (test_ids if node.resource_type == 'test' else model_ids).append(
            node.unique_id
        ) -%}
    {%- endfor -%}
    {%- for result in results -%}
        {%- if result.node.resource_type in ['test', 'unit_test'] -%}
            {%- if result.status | string not in ['skipped', 'no-op'] -%}
                {%- do ran.append(result) -%}
            {%- endif -%}
        {%- elif flags.WHICH == 'build' -%}
            {%- do built_ids.append(result.node.unique_id) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set is_narrowed = invocation_args_dict.get('exclude')
        or invocation_args_dict.get('resource_types')
        or invocation_args_dict.get('exclude_resource_types') -%}

    {%- set stale, rows = [], [] -%}
    {%- set logged = run_query('select test_id, test_kind from raw.test_log') -%}
    {%- for test_id, test_kind in logged.rows -%}
        {%- if test_kind != 'unit' -%}
            {%- if test_id not in test_ids -%}
                {%- do stale.append(test_id) -%}
            {%- endif -%}
        {%- else -%}
            {#- unit_test.<project>.<model>.<name> -#}
            {%- set parts = test_id.split('.') -%}
            {%- set model_id = 'model.' ~ parts[1] ~ '.' ~ parts[2] -%}
            {%- if model_id not in model_ids or (
                model_id in built_ids
                and test_id not in selected_resources
                and not is_narrowed
            ) -%}
                {%- do stale.append(test_id) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}

    {%- set digests = read_content_digests(ran) -%}
    {%- for result in ran -%}
        {%- set node = result.node -%}
        {%- do stale.append(node.unique_id) -%}
        {%- set parents = node.depends_on.nodes -%}
        {%- if node.resource_type == 'unit_test' -%}
            {%- set kind = 'unit' -%}
            {%- set model_name = node.unique_id.split('.')[2] -%}
        {%- else -%}
            {%- set kind = 'data' if node.test_metadata else 'singular' -%}
            {%- set parent = node.attached_node
                or (parents[0] if parents | length == 1 or kind == 'data') -%}
            {%- set model_name = parent.split('.')[-1] if parent else none -%}
        {%- endif -%}
        {%- set cells = [] -%}
        {%- for value in [
            node.unique_id, node.name, kind, model_name,
            node.column_name if kind == 'data' else none,
            result.status | string, result.failures,
            (result.message | string)[:2000] if result.message else none,
        ] -%}
            {%- if value is none -%}
                {%- do cells.append('null') -%}
            {%- elif value is number -%}
                {%- do cells.append(value | string) -%}
            {%- else -%}
                {%- do cells.append(
                    dbt.string_literal(dbt.escape_single_quotes(value))
                ) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- do cells.append(
            "cast('" ~ run_started_at.strftime('%Y-%m-%d %H:%M:%S')
            ~ "' as timestamp)"
        ) -%}
        {%- set parts = [as_of_date() | string] -%}
        {%- for id in parents | sort if id in digests -%}
            {%- do parts.append(digests[id]) -%}
        {%- endfor -%}
        {%- do cells.append(
            "'" ~ local_md5(parts | join('; ')) ~ "'"
        ) -%}
        {%- do rows.append('(' ~ cells | join(', ') ~ ')') -%}
    {%- endfor -%}

    {%- if stale %}
    delete from raw.test_log where test_id in (
        '{{ stale | join("', '") }}'
    );
    {%- endif -%}
    {%- if rows %}
    insert into raw.test_log values
    {{ rows | join(',\n    ') }};
    {%- endif -%}
{%- endif -%}
{%- endmacro %}
