{#- The rows that an incremental run works out again go first, in the same transaction:
    those of people whose facts are not the ones that the table was made of. -#}
{% macro forget_stale_rows(dates, digests, settings='', or_where='1 = 0') -%}
    {%- if is_incremental() -%}
        {%- do refuse_other_types() -%}
        delete from {{ this }}
        where
            as_of_date not in (select as_of_date from {{ dates }})
            or customer_id not in (
                select digests.customer_id
                from {{ digests }} as digests
                inner join features.facts_worked_out as used
                    on digests.customer_id = used.customer_id
                where
                    used.model_name = '{{ this.identifier }}'
                    and used.facts_digest
                    = {{ made_of('digests.facts_digest', settings) }}
            )
            or {{ or_where }}
    {%- endif -%}
{%- endmacro %}
