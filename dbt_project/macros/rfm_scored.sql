{#- One scoring for customer_rfm and rfm_snapshots. Recency and money are scored
    by fifths of the people. Ties in money share the lower fifth. Ties in recency
    share the better one: where most people bought on the last day, nobody is
    more recent than they are. Frequency is scored by the seed's bands where most
    people bought once (fifths would part those who are alike), else by fifths,
    ties sharing the lower one.
    Hughes (1994), Strategic Database Marketing, for the three scores. -#}
{% macro rfm_scored(people, frequency, monetary) -%}
    with

    frequency_scores as (

        select
            people.customer_id,
            people.as_of_date,
            cast(max(frequency_bands.f_score) as integer) as f_score
        from {{ people }} as people
        inner join {{ ref('rfm_frequency_bands') }} as frequency_bands
            on people.{{ frequency }} >= frequency_bands.min_frequency
        group by people.customer_id, people.as_of_date

    ),

    frequency_rules as (

        select
            as_of_date,
            {{ is_mostly_one(frequency) }} as is_by_bands
        from {{ people }}
        group by as_of_date

    ),

    scored as (

        select
            people.*,
            case
                when frequency_rules.is_by_bands then frequency_scores.f_score
                else {{ quintile_score(
                    'people.' ~ frequency ~ ' asc',
                    partition_by='people.as_of_date'
                ) }}
            end as f_score,
            case
                when frequency_rules.is_by_bands then 'bands'
                else 'fifths'
            end as f_score_rule,
            {{ quintile_score_from_best(
                'people.recency_days asc', partition_by='people.as_of_date'
            ) }} as r_score,
            {{ quintile_score(
                'people.' ~ monetary ~ ' asc', partition_by='people.as_of_date'
            ) }} as m_score
        from {{ people }} as people
        inner join frequency_scores
            on
                people.customer_id = frequency_scores.customer_id
                and people.as_of_date = frequency_scores.as_of_date
        inner join frequency_rules
            on people.as_of_date = frequency_rules.as_of_date

    )

    select
        scored.*,
        segment_rules.rfm_segment
    from scored
    left join {{ ref('rfm_segment_rules') }} as segment_rules
        on
            scored.r_score between segment_rules.min_r_score
            and segment_rules.max_r_score
            and scored.f_score between segment_rules.min_f_score
            and segment_rules.max_f_score
            and scored.m_score between segment_rules.min_m_score
            and segment_rules.max_m_score
{%- endmacro %}
