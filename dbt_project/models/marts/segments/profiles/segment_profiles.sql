{# One row per segment of the champion and numeric feature that the source
   supplies: how the segment differs from everybody and from the rest. Counts and
   sums once per segment, in decimals, so that two builds agree to the last bit;
   all else is worked out from these few rows. Welch (1947), The generalization
   of "Student's" problem: z is the difference of the means over the square root
   of the sum of both sample variances over their counts. -#}
{%- set segments, features, parameters = (
    ref('champion_segments'),
    ref('customer_feature_snapshots'),
    source('ml', 'model_parameters')
) -%}
{%- set numbers = (
    supplied_features(numbers_only=true) or ['recency_days']
) -%}
with

champion_segments as (

    select * from {{ segments }}
    where as_of_date = {{ date_literal(as_of_date()) }}

),

customer_feature_snapshots as (

    select * from {{ features }}
    where as_of_date = {{ date_literal(as_of_date()) }}

),

model_parameters as (

    select * from {{ parameters }}

),

feature_values as (

    select
        champion_segments.model_id,
        champion_segments.as_of_date,
        {% for feature in numbers %}
        cast(customer_feature_snapshots.{{ feature }} as decimal(38, 6))
            as {{ feature }},
        {% endfor %}
        champion_segments.segment_id
    from champion_segments
    inner join customer_feature_snapshots
        on
            champion_segments.customer_id
            = customer_feature_snapshots.customer_id

),

sums as (

    select
        model_id,
        as_of_date,
        {% for feature in numbers %}
        count({{ feature }}) as {{ feature }}_count,
        sum({{ feature }}) as {{ feature }}_sum,
        sum({{ feature }} * {{ feature }}) as {{ feature }}_square_sum,
        {% endfor %}
        segment_id
    from feature_values
    group by model_id, as_of_date, segment_id

),

in_segment as (

    {% for feature in numbers %}
    select
        model_id,
        as_of_date,
        segment_id,
        '{{ feature }}' as feature_name,
        {{ feature }}_count as value_count,
        coalesce({{ feature }}_sum, 0) as value_sum,
        coalesce({{ feature }}_square_sum, 0) as square_sum
    from sums
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

with_everybody as (

    select
        *,
        cast(sum(value_count) over (partition by feature_name) as bigint)
            as all_count,
        sum(value_sum) over (partition by feature_name) as all_sum,
        sum(square_sum) over (partition by feature_name) as all_square_sum
    from in_segment

),

with_rest as (

    select
        *,
        all_count - value_count as rest_count,
        all_sum - value_sum as rest_sum,
        all_square_sum - square_sum as rest_square_sum
    from with_everybody

),

moments as (

    select
        *,
        {{ ratio('value_sum', 'value_count') }} as segment_mean,
        {{ ratio('rest_sum', 'rest_count') }} as rest_mean,
        {{ ratio('all_sum', 'all_count') }} as overall_mean,
        {{ population_variance('value_count', 'value_sum', 'square_sum') }}
            as segment_variance,
        {{ population_variance('rest_count', 'rest_sum', 'rest_square_sum') }}
            as rest_variance,
        {{ population_variance('all_count', 'all_sum', 'all_square_sum') }}
            as overall_variance
    from with_rest

),

differences as (

    -- A sample variance over its count is the population's over one less.
    select
        *,
        {{ ratio('segment_mean', 'overall_mean') }} as lift,
        {{ ratio('segment_mean - overall_mean', 'sqrt(overall_variance)') }}
            as standardized_difference,
        {{ ratio(
            'segment_mean - rest_mean',
            'sqrt('
            ~ ratio('segment_variance', 'value_count - 1')
            ~ ' + ' ~ ratio('rest_variance', 'rest_count - 1')
            ~ ')'
        ) }} as z_score
    from moments

),

fitted_features as (

    select
        model_id,
        feature_name
    from model_parameters
    where parameter_name = 'center'

),

compared as (

    select
        differences.*,
        fitted_features.feature_name is not null as is_fitted_on,
        -- Where neither varies the sums say exactly whether the means differ.
        case
            when differences.value_count < 2 or differences.rest_count < 2
                then false
            when differences.z_score is not null
                then abs(differences.z_score) >= {{ var('least_z_score') }}
            else
                differences.value_sum * differences.rest_count
                <> differences.rest_sum * differences.value_count
        end as is_significant
    from differences
    left join fitted_features
        on
            differences.model_id = fitted_features.model_id
            and differences.feature_name = fitted_features.feature_name

),

segment_profiles as (

    select
        model_id,
        as_of_date,
        cast(segment_id as integer) as segment_id,
        cast(feature_name as varchar) as feature_name,
        cast(replace(feature_name, '_', ' ') as varchar) as feature_label,
        is_fitted_on,
        cast(value_count as integer) as customer_count,
        segment_mean,
        overall_mean,
        lift,
        standardized_difference,
        z_score,
        is_significant,
        cast(
            row_number() over (
                partition by segment_id, is_fitted_on
                order by
                    abs(coalesce(standardized_difference, 0e0)) desc,
                    feature_name asc
            ) as integer
        ) as difference_rank
    from compared

)

select * from segment_profiles
