with

shop_settings as (

    select * from {{ source('shop', 'shop_settings') }}

),

stg_shop__shop_settings as (

    select
        as_of_date,
        window_start_date,
        currency_code,
        churn_label_window_days,
        churn_label_window_reason,
        training_dates,
        test_date,
        most_plausible_roc_auc,
        most_plausible_roc_auc_gain,
        contact_cost_amount,
        return_value_amount,
        is_order_discount_subtracted
    from shop_settings

)

select * from stg_shop__shop_settings
