{#- As ml/calibration.py bends it; as it is where the model has no calibration
    rows. greatest() and least() would make a null a number. -#}
{% macro ml_calibrated_probability(live_model, probability) -%}
    {%- set parameters = live_model.parameters -%}
    {%- if 'calibration_slope' in parameters -%}
        {%- set clipped -%}
            case
                when {{ probability }} < 1e-6 then 1e-6
                when {{ probability }} > 1e0 - 1e-6 then 1e0 - 1e-6
                else {{ probability }}
            end
        {%- endset %}
    1e0 / (1e0 + exp(-(
        {{ parameters.calibration_slope['-1'][''][''] }}
        * (ln({{ clipped }}) - ln(1e0 - {{ clipped }}))
        + {{ parameters.calibration_intercept['-1'][''][''] }}
    )))
    {%- elif 'calibration_threshold' in parameters -%}
        {%- set thresholds =
            parameters.calibration_threshold.values() | list -%}
        {%- set levels =
            parameters.calibration_probability.values() | list -%}
        {%- set last = thresholds | length - 1 -%}
    case
        when {{ probability }} <= {{ thresholds[0][''][''] }}
            then {{ levels[0][''][''] }}
        {%- for point in range(1, last + 1) %}
            {%- set left = thresholds[point - 1][''][''] -%}
            {%- set right = thresholds[point][''][''] -%}
            {%- set low = levels[point - 1][''][''] -%}
            {%- set high = levels[point][''][''] %}
        when {{ probability }} <= {{ right }}
            then {{ low }}
                + ({{ probability }} - {{ left }})
                * ({{ high }} - {{ low }}) / ({{ right }} - {{ left }})
        {%- endfor %}
        when {{ probability }} > {{ thresholds[last][''][''] }}
            then {{ levels[last][''][''] }}
    end
    {%- else -%}
    {{ probability }}
    {%- endif -%}
{%- endmacro %}
