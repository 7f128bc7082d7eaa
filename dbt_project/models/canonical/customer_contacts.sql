{# One row per person with contact data, which stand here and in no mart. -#}
with

conformed_customer_contacts as (

    select * from {{ conformed('customer_contacts') }}

),

customer_contacts as (

    select
        cast(customer_id as varchar) as customer_id,
        cast(email as varchar) as email,
        cast(phone as varchar) as phone
    from conformed_customer_contacts

)

select * from customer_contacts
