{# One row per person with an order before the as-of date: the probability that
   they return, the mean over the trees of the share in the leaf they reach. -#}
{% call(live) ml_tree_scores('churn_random_forest') -%}
(
    {{ ml_tree_ensemble(live) }}
) / {{ live.parameters.root | length }}e0
{%- endcall %}
