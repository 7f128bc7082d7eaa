{#- `least` keeps rounding from leaving the domain of asin; it passes over a missing value,
    hence the outer case. -#}
{% macro distance_km(latitude, longitude, other_latitude, other_longitude) -%}
    case
        when {{ latitude }} is not null and {{ longitude }} is not null
            and {{ other_latitude }} is not null
            and {{ other_longitude }} is not null
            then 2e0 * 6371.0088e0 * asin(
                sqrt(
                    least(
                        1e0,
                        power(
                            sin(
                                radians({{ other_latitude }} - {{ latitude }})
                                / 2e0
                            ),
                            2
                        )
                        + cos(radians({{ latitude }}))
                        * cos(radians({{ other_latitude }}))
                        * power(
                            sin(
                                radians({{ other_longitude }} - {{ longitude }})
                                / 2e0
                            ),
                            2
                        )
                    )
                )
            )
    end
{%- endmacro %}
