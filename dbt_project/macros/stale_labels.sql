{#- A window that was not over, that is over or not by another end of the data than
    the last build's, or that nobody asks for any more. -#}
{% macro stale_labels() -%}
    not is_label_complete
    or is_label_complete <> (
        {{ add_days('as_of_date', 'label_window_days') }}
        <= (select end_of_data_date from {{ ref('data_range') }})
    )
    or label_window_days not in ({{ label_windows() | join(', ') }})
{%- endmacro %}
