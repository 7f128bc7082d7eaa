{% macro ml_no_churn_scores() -%}
    {{ ml_no_scores({
        'customer_id': 'varchar',
        'as_of_date': 'date',
        'model_id': 'varchar',
        'return_probability': type_double(),
    }) }}
{%- endmacro %}
