{#- The rows that an incremental run works out again go first, in the same transaction:
    those of people whose facts are not the ones that the table was made of. -#}
{% macro forget_stale_rows(and_where_else='1 = 0') -%}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where
            as_of_date not in (select as_of_date from {{ ref('as_of_dates') }})
            or customer_id not in (
                select digests.customer_id
                from {{ ref('customer_fact_digests') }} as digests
                inner join features.facts_worked_out as used
                    on digests.customer_id = used.customer_id
                where
                    used.model_name = '{{ this.identifier }}'
                    and used.facts_digest = {{ made_of('digests.facts_digest') }}
            )
            or {{ and_where_else }}
    {%- endif -%}
{%- endmacro %}
