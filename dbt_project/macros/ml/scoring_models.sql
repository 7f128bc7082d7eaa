{#- The models that score a purpose's families from parameter rows; dbt must know them while it
    parses, when no table is there yet. The catalog's entries name one each (`scored_by`), and a
    test compares both. Those with terms have a column `<feature>_term` for what each feature adds;
    the first of them is preferred where none scores for the champion. -#}
{% macro scoring_models(purpose, with_terms=false) -%}
    {%- set models = {
        'churn': {
            'churn_additive_terms': true,
            'churn_logistic_terms': true,
            'churn_random_forest': false,
            'churn_boosting': false,
        },
        'segmentation': {'segments_kmeans': false, 'segments_gmm': false},
    }[purpose] -%}
    {%- set found = [] -%}
    {%- for name, has_terms in models.items() if has_terms or not with_terms -%}
        {%- do found.append(name) -%}
    {%- endfor -%}
    {{- return(found) -}}
{%- endmacro %}
