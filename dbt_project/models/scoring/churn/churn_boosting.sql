{# One row per person with an order before the as-of date: the probability that
   they return, from log-odds that the trees add up to. -#}
{% call(live) ml_tree_scores('churn_boosting') -%}
1e0 / (1e0 + exp(-(
    {{ live.parameters.intercept['-1'][''][''] }}
    + {{ ml_tree_ensemble(live) }}
)))
{%- endcall %}
