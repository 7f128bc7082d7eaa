{% macro ml_kmeans_distance(live_model, component) -%}
    {%- for feature, value in live_model.parameters.centroid[component].items() %}
    {{ '+ ' if not loop.first }}({{ feature }} - {{ value[''] }})
    * ({{ feature }} - {{ value[''] }})
    {%- endfor %}
{%- endmacro %}
