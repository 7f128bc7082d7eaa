{# One row per person with an order before the as-of date: the probability that
   they return, and the term that each feature adds to its log-odds (before
   recalibration, which stretches all terms alike). -#}
{% call(live, feature) ml_term_scores('churn_logistic_terms') -%}
{{ ml_logistic_term(live, feature) }}
{%- endcall %}
