{# One row per person with an order before the as-of date: the probability that
   they return, and what each feature's step function adds to its log-odds. -#}
{% call(live, feature) ml_term_scores('churn_additive_terms') -%}
{{ ml_step_function(live, feature) }}
{%- endcall %}
