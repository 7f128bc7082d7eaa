{% macro ml_scaled_feature(live_model, feature) -%}
    {%- set parameters = live_model.parameters -%}
    {%- set raw = 'cast(' ~ feature ~ ' as ' ~ type_double() ~ ')' -%}
    {%- if feature in parameters.get('imputed_value', {}).get('-1', {}) -%}
        {%- set raw = 'coalesce(' ~ raw ~ ', '
            ~ parameters.imputed_value['-1'][feature][''] ~ ')' -%}
    {%- endif -%}
    {%- if feature in parameters.get('is_log1p', {}).get('-1', {}) -%}
        {%- set raw = 'case when ' ~ raw ~ ' < 0 then 0e0 else ln(1e0 + '
            ~ raw ~ ') end' -%}
    {%- endif -%}
    ({{ raw }} - {{ parameters.center['-1'][feature][''] }})
    / {{ parameters.scale['-1'][feature][''] }}
{%- endmacro %}
