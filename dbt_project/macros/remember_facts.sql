{% macro remember_facts(digests, settings='') -%}
    delete from features.facts_worked_out
    where model_name = '{{ this.identifier }}';
    insert into features.facts_worked_out
    select
        '{{ this.identifier }}' as model_name,
        customer_id,
        {{ made_of('facts_digest', settings) }} as facts_digest
    from {{ digests }}
{%- endmacro %}
