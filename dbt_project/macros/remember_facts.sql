{% macro remember_facts() -%}
    delete from features.facts_worked_out
    where model_name = '{{ this.identifier }}';
    insert into features.facts_worked_out
    select
        '{{ this.identifier }}' as model_name,
        digests.customer_id,
        {{ made_of('digests.facts_digest') }} as facts_digest
    from {{ ref('customer_fact_digests') }} as digests
{%- endmacro %}
