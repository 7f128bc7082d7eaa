{# One row per person whose e-mail or phone number is known. -#}
with

customer_contacts as (

    select * from {{ ref('stg_shop__customer_contacts') }}

),

int_shop__conform_customer_contacts as (

    select
        customer_id,
        email,
        phone
    from customer_contacts

)

select * from int_shop__conform_customer_contacts
