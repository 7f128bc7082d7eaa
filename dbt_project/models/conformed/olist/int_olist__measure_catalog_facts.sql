{# One row per fact about places, products and baskets; what each counts is
   said in the seed olist__published_data_facts. -#}
{#- A box around Brazil's mainland, in degrees; the islands of Fernando de
    Noronha (11 points of the published data set) lie outside of it. -#}
{%- set south, north, west, east = -33.76, 5.28, -73.99, -34.79 -%}
{%- set fact_ids = [
    'geolocation_rows', 'repeated_geolocation_rows', 'postal_codes',
    'postal_codes_with_a_leading_zero', 'points_outside_brazil',
    'order_customers_on_an_unknown_postal_code',
    'people_on_an_unknown_postal_code', 'products_without_category',
    'categories_without_translation', 'products_without_translation',
    'orders_with_items', 'orders_of_several_pieces',
    'orders_of_several_products', 'orders_of_several_categories',
    'most_frequent_product_pair',
] -%}
with

customers as (

    select * from {{ ref('stg_olist__customers') }}

),

geolocation as (

    select * from {{ ref('stg_olist__geolocation') }}

),

order_items as (

    select * from {{ ref('stg_olist__order_items') }}

),

products as (

    select * from {{ ref('stg_olist__products') }}

),

category_names as (

    select * from {{ ref('stg_olist__category_names') }}

),

distinct_points as (

    select distinct
        postal_code,
        latitude,
        longitude,
        city,
        state
    from geolocation

),

postal_codes as (

    select distinct postal_code from geolocation

),

unknown_places as (

    select customers.customer_id
    from customers
    left join postal_codes
        on customers.postal_code = postal_codes.postal_code
    where postal_codes.postal_code is null

),

untranslated_products as (

    select products.category_name
    from products
    left join category_names
        on products.category_name = category_names.category_name
    where
        products.category_name is not null
        and category_names.category_name is null

),

baskets as (

    select
        order_items.order_id,
        count(*) as piece_count,
        count(distinct order_items.product_id) as product_count,
        count(distinct products.category_name) as category_count
    from order_items
    inner join products
        on order_items.product_id = products.product_id
    group by order_items.order_id

),

basket_products as (

    select distinct
        order_id,
        product_id
    from order_items

),

product_pairs as (

    select
        one_product.product_id,
        other_product.product_id as other_product_id,
        count(*) as order_count
    from basket_products as one_product
    inner join basket_products as other_product
        on
            one_product.order_id = other_product.order_id
            and one_product.product_id < other_product.product_id
    group by one_product.product_id, other_product.product_id

),

point_counts as (

    select
        count(*) as geolocation_rows,
        count(*) - (select count(*) from distinct_points)
            as repeated_geolocation_rows,
        count(
            case
                when
                    latitude < {{ south }}
                    or latitude > {{ north }}
                    or longitude < {{ west }}
                    or longitude > {{ east }}
                    then 1
            end
        ) as points_outside_brazil
    from geolocation

),

postal_code_counts as (

    select
        count(*) as postal_codes,
        count(case when postal_code like '0%' then 1 end)
            as postal_codes_with_a_leading_zero
    from postal_codes

),

unknown_counts as (

    select
        count(*) as order_customers_on_an_unknown_postal_code,
        count(distinct customer_id) as people_on_an_unknown_postal_code
    from unknown_places

),

product_counts as (

    select count(*) - count(category_name) as products_without_category
    from products

),

untranslated_counts as (

    select
        count(*) as products_without_translation,
        count(distinct category_name) as categories_without_translation
    from untranslated_products

),

basket_counts as (

    select
        count(*) as orders_with_items,
        count(case when piece_count > 1 then 1 end)
            as orders_of_several_pieces,
        count(case when product_count > 1 then 1 end)
            as orders_of_several_products,
        count(case when category_count > 1 then 1 end)
            as orders_of_several_categories
    from baskets

),

pair_counts as (

    select max(order_count) as most_frequent_product_pair
    from product_pairs

),

measured as (

    select
        point_counts.*,
        postal_code_counts.*,
        unknown_counts.*,
        product_counts.*,
        untranslated_counts.*,
        basket_counts.*,
        pair_counts.*
    from point_counts
    cross join postal_code_counts
    cross join unknown_counts
    cross join product_counts
    cross join untranslated_counts
    cross join basket_counts
    cross join pair_counts

),

int_olist__measure_catalog_facts as (

    {%- for fact_id in fact_ids %}
    select
        '{{ fact_id }}' as fact_id,
        cast({{ fact_id }} as decimal(18, 4)) as found
    from measured
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select * from int_olist__measure_catalog_facts
