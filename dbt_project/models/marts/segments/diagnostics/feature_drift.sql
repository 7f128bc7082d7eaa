{# One row per feature, stability date after the first (the frozen date) and
   population: how far the feature's distribution is from the frozen date's.
   Population stability index (Siddiqi 2006, ch. 8): bins are the deciles of the
   frozen date (a value is in the k-th bin of n if floor(n * the share of frozen
   values below it) is k), so that values which tie share a bin; missing values
   are a bin of their own; a share below drift_least_share counts as that share.
   Kolmogorov-Smirnov: the largest difference of the two empirical distribution
   functions over all observed values; beyond sqrt(-ln(a / 2) / 2 * (1/n + 1/m))
   two independent samples differ at level a (Smirnov 1948).
   Where nobody was known at the frozen date there is nothing to hold against.
   Counts are pivoted to one column per sample, since one sort then serves all;
   they are whole numbers in doubles, whose sums are exact. -#}
{%- set snapshots, catalog = (
    ref('customer_feature_snapshots'), ref('feature_catalog')
) -%}
{%- set levels, double = ref('drift_levels'), type_double() -%}
{%- set days = stability_dates() -%}
{%- set features = supplied_features(numbers_only=true) -%}
{#- Each as (as-of date, population, name of its column of counts). -#}
{%- set samples = [] -%}
{%- for day in days[1:] -%}
{%- do samples.append((day, 'everybody', 'everybody_' ~ loop.index)) -%}
{%- do samples.append((day, 'same people', 'same_' ~ loop.index)) -%}
{%- endfor -%}
{%- if not features or days | length < 2 -%}

select
    cast(null as varchar) as feature_name,
    cast(null as date) as frozen_date,
    cast(null as date) as as_of_date,
    cast(null as varchar) as population,
    cast(null as integer) as customer_count,
    cast(null as {{ double }}) as population_stability_index,
    cast(null as {{ double }}) as kolmogorov_smirnov_statistic,
    cast(null as {{ double }}) as kolmogorov_smirnov_critical_value,
    cast(null as varchar) as drift_level,
    cast(null as boolean) as drifts_by_construction,
    cast(null as boolean) as is_left_out
from {{ snapshots }}
where 1 = 0

{%- else -%}
{%- set bin_count = var('drift_bin_count') -%}
{%- set min_share = double_literal(var('drift_least_share') | string) -%}
{%- set level = double_literal(var('drift_significance') | string) -%}

with

customer_feature_snapshots as (

    select * from {{ snapshots }}
    where
        as_of_date in (
            {% for day in days %}
            {{ date_literal(day) }}{{ ',' if not loop.last }}
            {% endfor %}
        )

),

feature_catalog as (

    select * from {{ catalog }}

),

drift_levels as (

    select
        drift_level,
        min_population_stability_index,
        lead(min_population_stability_index) over (
            order by min_population_stability_index asc
        ) as next_population_stability_index
    from {{ levels }}

),

frozen_people as (

    select customer_id
    from customer_feature_snapshots
    where as_of_date = {{ date_literal(days[0]) }}

),

people as (

    select
        customer_feature_snapshots.*,
        frozen_people.customer_id is not null as is_same
    from customer_feature_snapshots
    left join frozen_people
        on customer_feature_snapshots.customer_id = frozen_people.customer_id

),

value_counts as (

    {% for feature in features %}
    select
        '{{ feature }}' as feature_name,
        as_of_date,
        is_same,
        cast({{ feature }} as {{ double }}) as feature_value,
        cast(count(*) as {{ double }}) as customer_count
    from people
    group by as_of_date, is_same, {{ feature }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

pivoted as (

    select
        feature_name,
        feature_value,
        {% for day, population, sample in samples %}
        sum(
            case
                when
                    as_of_date = {{ date_literal(day) }}
                    {{ 'and is_same' if population == 'same people' }}
                    then customer_count
                else 0e0
            end
        ) as {{ sample }},
        {% endfor %}
        sum(
            case
                when as_of_date = {{ date_literal(days[0]) }}
                    then customer_count
                else 0e0
            end
        ) as frozen
    from value_counts
    group by feature_name, feature_value

),

cumulated as (

    select
        feature_name,
        frozen,
        {% for _, _, sample in samples %}
        {{ sample }},
        sum({{ sample }}) over so_far as {{ sample }}_so_far,
        {% endfor %}
        sum(frozen) over so_far as frozen_so_far
    from pivoted
    where feature_value is not null
    window
        so_far as (
            partition by feature_name
            order by feature_value asc
            rows between unbounded preceding and current row
        )

),

totals as (

    select
        feature_name,
        {% for _, _, sample in samples %}
        max({{ sample }}_so_far) as {{ sample }}_total,
        {% endfor %}
        max(frozen_so_far) as frozen_total
    from cumulated
    group by feature_name

),

reached as (

    select
        cumulated.feature_name,
        totals.frozen_total,
        {% for _, _, sample in samples %}
        totals.{{ sample }}_total,
        {{ ratio(
            'cumulated.' ~ sample ~ '_so_far', 'totals.' ~ sample ~ '_total'
        ) }} as {{ sample }}_reached,
        {% endfor %}
        {{ ratio('cumulated.frozen_so_far', 'totals.frozen_total') }}
            as frozen_reached
    from cumulated
    inner join totals
        on cumulated.feature_name = totals.feature_name

),

differences as (

    select
        feature_name,
        {% for _, _, sample in samples %}
        max({{ sample }}_total) as {{ sample }}_total,
        max(abs({{ sample }}_reached - frozen_reached))
            as {{ sample }}_difference,
        {% endfor %}
        max(frozen_total) as frozen_total
    from reached
    group by feature_name

),

binned as (

    select
        cumulated.*,
        coalesce(least(
            floor(
                {{ bin_count }} * (cumulated.frozen_so_far - cumulated.frozen)
                / nullif(totals.frozen_total, 0)
            ),
            {{ bin_count - 1 }}
        ), 0) as bin_number
    from cumulated
    inner join totals
        on cumulated.feature_name = totals.feature_name

),

bins as (

    select
        feature_name,
        bin_number,
        {% for _, _, sample in samples %}
        sum({{ sample }}) as {{ sample }},
        {% endfor %}
        sum(frozen) as frozen
    from binned
    group by feature_name, bin_number
    union all
    select
        feature_name,
        -1 as bin_number,
        {% for _, _, sample in samples %}
        {{ sample }},
        {% endfor %}
        frozen
    from pivoted
    where feature_value is null

),

samples as (

    {% for day, population, sample in samples %}
    select
        feature_name,
        bin_number,
        {{ date_literal(day) }} as as_of_date,
        '{{ population }}' as population,
        {{ sample }} as bin_customer_count,
        sum({{ sample }}) over (partition by feature_name) as customer_count,
        sum(frozen) over (partition by feature_name) as frozen_customer_count,
        {{ ratio('frozen', 'sum(frozen) over (partition by feature_name)') }}
            as frozen_share
    from bins
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

shares as (

    select
        feature_name,
        as_of_date,
        population,
        customer_count,
        greatest(frozen_share, {{ min_share }}) as frozen_share,
        greatest(
            {{ ratio('bin_customer_count', 'customer_count') }},
            {{ min_share }}
        ) as bin_share
    from samples
    where
        customer_count > 0
        and frozen_customer_count > 0

),

stability_indices as (

    select
        feature_name,
        as_of_date,
        population,
        max(customer_count) as customer_count,
        cast(sum(cast(
            (bin_share - frozen_share) * ln(bin_share / frozen_share)
            as decimal(30, 15)
        )) as {{ double }}) as population_stability_index
    from shares
    group by feature_name, as_of_date, population

),

distances as (

    {% for day, population, sample in samples %}
    select
        feature_name,
        {{ date_literal(day) }} as as_of_date,
        '{{ population }}' as population,
        {{ sample }}_difference as kolmogorov_smirnov_statistic,
        sqrt(
            -ln({{ level }} / 2) / 2 * (
                {{ ratio('1', 'frozen_total') }}
                + {{ ratio('1', sample ~ '_total') }}
            )
        ) as kolmogorov_smirnov_critical_value
    from differences
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

feature_drift as (

    select
        cast(stability_indices.feature_name as varchar) as feature_name,
        {{ date_literal(days[0]) }} as frozen_date,
        stability_indices.as_of_date,
        cast(stability_indices.population as varchar) as population,
        cast(stability_indices.customer_count as integer) as customer_count,
        stability_indices.population_stability_index,
        distances.kolmogorov_smirnov_statistic,
        distances.kolmogorov_smirnov_critical_value,
        cast(drift_levels.drift_level as varchar) as drift_level,
        feature_catalog.drifts_by_construction,
        feature_catalog.drifts_by_construction
        and stability_indices.population = 'same people' as is_left_out
    from stability_indices
    inner join feature_catalog
        on stability_indices.feature_name = feature_catalog.feature_name
    left join distances
        on
            stability_indices.feature_name = distances.feature_name
            and stability_indices.as_of_date = distances.as_of_date
            and stability_indices.population = distances.population
    left join drift_levels
        on
            stability_indices.population_stability_index
            >= drift_levels.min_population_stability_index
            and (
                stability_indices.population_stability_index
                < drift_levels.next_population_stability_index
                or drift_levels.next_population_stability_index is null
            )

)

select * from feature_drift
{%- endif %}
