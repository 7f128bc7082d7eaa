{#- The shape in which each source brings an entity: column to SQL type. -#}
{% macro conformed_columns(entities) -%}
    {%- set amount, place = 'decimal(18, 2)', type_double() -%}
    {{- return({
        'capabilities': {
            'capability': 'varchar', 'is_supplied': 'boolean', 'lack': 'varchar',
            'remedy': 'varchar',
        },
        'customer_contacts': {
            'customer_id': 'varchar', 'email': 'varchar', 'phone': 'varchar',
        },
        'orders': {
            'order_id': 'varchar', 'customer_id': 'varchar', 'order_status': 'varchar',
            'ordered_at': 'timestamp', 'approved_at': 'timestamp', 'shipped_at': 'timestamp',
            'delivered_at': 'timestamp', 'estimated_delivery_date': 'date',
            'is_valid_order': 'boolean', 'invalid_reason': 'varchar',
            'has_merchandise': 'boolean', 'other_amount': amount,
            'discount_amount': amount, 'freight_amount': amount, 'tax_amount': amount,
            'postal_code': 'varchar', 'city': 'varchar', 'state': 'varchar', 'country': 'varchar',
        },
        'order_items': {
            'order_id': 'varchar', 'order_item_number': 'integer', 'product_id': 'varchar',
            'seller_id': 'varchar', 'quantity': 'decimal(18, 3)', 'item_amount': amount,
            'freight_amount': amount,
        },
        'payments': {
            'order_id': 'varchar', 'payment_number': 'integer', 'payment_type': 'varchar',
            'installment_count': 'integer', 'paid_amount': amount,
        },
        'postal_codes': {
            'postal_code': 'varchar', 'latitude': place, 'longitude': place,
            'point_count': 'integer',
        },
        'products': {
            'product_id': 'varchar', 'product_name': 'varchar', 'category_name': 'varchar',
            'product_kind': 'varchar', 'is_merchandise': 'boolean', 'weight_grams': 'integer',
        },
        'raw_money': {'paid_amount': amount, 'order_amount': amount},
        'returns': {
            'return_id': 'varchar', 'line_number': 'integer', 'order_id': 'varchar',
            'customer_id': 'varchar', 'product_id': 'varchar', 'quantity': 'decimal(18, 3)',
            'returned_amount': amount, 'merchandise_amount': amount,
            'returned_at': 'timestamp', 'match_kind': 'varchar',
        },
        'reviews': {
            'review_id': 'varchar', 'order_id': 'varchar', 'review_score': 'integer',
            'is_commented': 'boolean', 'sent_at': 'timestamp', 'answered_at': 'timestamp',
        },
        'sellers': {
            'seller_id': 'varchar', 'postal_code': 'varchar', 'city': 'varchar',
            'state': 'varchar',
        },
    }[entities]) -}}
{%- endmacro %}


{#- The conformed model of the source for an entity; typed and without rows where the source has no
    such thing, as `supplies` of its defaults says. -#}
{% macro conformed(entities, verb='conform') -%}
    {%- if entities in var('source_defaults')[source_name()]['supplies'] -%}
        {{ ref('int_' ~ source_name() ~ '__' ~ verb ~ '_' ~ entities) }}
    {%- else -%}
        (
            select {{ not_supplied(entities, conformed_columns(entities)) }}
            where 1 = 0
        ) as {{ entities }}
    {%- endif -%}
{%- endmacro %}


{#- Columns of an entity that its source does not have: typed and empty. -#}
{% macro not_supplied(entities, columns) -%}
    {%- set types = conformed_columns(entities) -%}
    {%- for column in columns %}
        cast(null as {{ types[column] }}) as {{ column }}{{ ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
