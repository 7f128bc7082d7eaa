{#- The last five columns of the registry are younger: `add_registry_columns` gives them to older
    tables, in this order. -#}
{% macro create_model_tables() -%}
    create schema if not exists ml;
    create table if not exists ml.model_registry (
        model_id varchar not null,
        purpose varchar not null,
        family varchar not null,
        status varchar not null,
        as_of_date date not null,
        trained_at timestamp not null,
        row_count bigint not null,
        feature_count integer not null,
        settings varchar not null,
        code_version varchar not null,
        status_reason varchar not null,
        verdict varchar,
        evidence varchar,
        test_date date,
        label_window_days integer,
        scored_by varchar
    );
    create table if not exists ml.model_parameters (
        model_id varchar not null,
        parameter_name varchar not null,
        component_id integer,
        feature_name varchar,
        paired_feature_name varchar,
        value {{ type_double() }} not null
    );
    create table if not exists ml.model_metrics (
        model_id varchar not null,
        split varchar not null,
        metric_name varchar not null,
        metric_value {{ type_double() }} not null,
        lower_bound {{ type_double() }},
        upper_bound {{ type_double() }},
        baseline_name varchar,
        baseline_value {{ type_double() }}
    );
    create table if not exists ml.baseline_metrics (
        model_id varchar not null,
        split varchar not null,
        baseline_name varchar not null,
        metric_name varchar not null,
        metric_value {{ type_double() }} not null,
        lower_bound {{ type_double() }},
        upper_bound {{ type_double() }},
        gain {{ type_double() }} not null,
        gain_lower_bound {{ type_double() }},
        gain_upper_bound {{ type_double() }}
    );
    create table if not exists ml.model_curves (
        model_id varchar not null,
        split varchar not null,
        scorer varchar not null,
        curve_name varchar not null,
        point_number integer not null,
        x_value {{ type_double() }} not null,
        y_value {{ type_double() }} not null,
        lower_bound {{ type_double() }},
        upper_bound {{ type_double() }},
        customer_count {{ type_double() }} not null,
        returning_count {{ type_double() }} not null
    );
    create table if not exists ml.leak_meter (
        as_of_date date not null,
        practice varchar not null,
        description varchar not null,
        roc_auc {{ type_double() }} not null,
        accuracy {{ type_double() }} not null,
        honest_roc_auc {{ type_double() }} not null
    );
    create table if not exists ml.champion_history (
        change_number bigint not null,
        changed_at timestamp not null,
        purpose varchar not null,
        model_id varchar,
        former_model_id varchar,
        action varchar not null,
        reason varchar not null
    );
    create table if not exists ml.library_scores (
        model_id varchar not null,
        as_of_date date not null,
        customer_id varchar not null,
        score {{ type_double() }} not null
    );
    create table if not exists ml.segmentation_candidates (
        study_id varchar not null,
        candidate_id varchar not null,
        as_of_date date not null,
        feature_set varchar not null,
        family varchar not null,
        covariance_type varchar,
        settings varchar not null,
        sample_count bigint not null,
        seed_count integer not null,
        resample_count integer not null,
        segment_count integer not null,
        noise_share {{ type_double() }} not null,
        silhouette {{ type_double() }},
        calinski_harabasz {{ type_double() }},
        davies_bouldin {{ type_double() }},
        bic {{ type_double() }},
        aic {{ type_double() }},
        inertia {{ type_double() }},
        smallest_share {{ type_double() }} not null,
        seed_agreement {{ type_double() }},
        resample_agreement {{ type_double() }},
        lowest_jaccard {{ type_double() }},
        closest_feature_name varchar,
        closest_feature_agreement {{ type_double() }},
        distinct_feature_count integer not null,
        can_be_champion boolean not null,
        is_passed boolean not null,
        verdict varchar not null,
        passed_rank integer,
        is_best_of_family boolean not null,
        fit_seconds {{ type_double() }} not null
    );
    create table if not exists ml.segmentation_candidate_segments (
        candidate_id varchar not null,
        segment_id integer not null,
        customer_share {{ type_double() }} not null,
        jaccard {{ type_double() }}
    );
    create table if not exists ml.segment_stability (
        feature_set varchar not null,
        family varchar not null,
        segment_count integer not null,
        frozen_date date not null,
        as_of_date date not null,
        customer_count bigint not null,
        agreement {{ type_double() }} not null,
        lower_bound {{ type_double() }} not null,
        upper_bound {{ type_double() }} not null,
        total_agreement {{ type_double() }} not null,
        same_border_agreement {{ type_double() }} not null,
        same_border_lower_bound {{ type_double() }} not null,
        same_border_upper_bound {{ type_double() }} not null,
        reassigned_share {{ type_double() }} not null
    );
{%- endmacro %}
