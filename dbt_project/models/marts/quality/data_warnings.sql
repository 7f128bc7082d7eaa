{# One row per thing in the shop's data that misleads whoever does not know of
   it; what does not occur, and what the source has no files for, is no row.
   What the load found stands below what the canonical tables show. -#}
with

data_warning_texts as (

    select * from {{ ref('data_warning_texts') }}

),

capabilities as (

    select * from {{ ref('capabilities') }}

),

input_findings as (

    select * from {{ ref('input_findings') }}

),

counted_warnings as (

    select * from {{ ref('count_order_warnings') }}
    union all
    select * from {{ ref('count_detail_warnings') }}

),

supplied_needs as (

    select
        data_warning_texts.warning_code,
        count(*) as need_count
    from data_warning_texts
    inner join capabilities
        on
            capabilities.is_supplied
            and position(
                ' ' || capabilities.capability || ' '
                in ' ' || cast(data_warning_texts.needs as varchar) || ' '
            ) > 0
    group by data_warning_texts.warning_code

),

measured_warnings as (

    select
        'canonical' as found_in,
        data_warning_texts.warning_number as place,
        data_warning_texts.warning_code,
        data_warning_texts.table_name,
        data_warning_texts.column_name,
        data_warning_texts.warning,
        counted_warnings.row_count,
        counted_warnings.row_total,
        counted_warnings.amount,
        data_warning_texts.effect,
        data_warning_texts.handling,
        cast(null as varchar) as remedy
    from counted_warnings
    inner join data_warning_texts
        on counted_warnings.warning_code = data_warning_texts.warning_code
    left join supplied_needs
        on counted_warnings.warning_code = supplied_needs.warning_code
    where
        counted_warnings.row_count > 0
        and coalesce(supplied_needs.need_count, 0)
        = data_warning_texts.need_count

),

load_warnings as (

    select
        'files' as found_in,
        row_number() over (
            order by
                finding_code, table_name, column_name, line_number, message
        ) as place,
        finding_code as warning_code,
        'raw.' || table_name as table_name,
        column_name,
        message as warning,
        affected_count as row_count,
        cast(null as bigint) as row_total,
        {{ money('null') }} as amount,
        cast(null as varchar) as effect,
        cast(null as varchar) as handling,
        remedy
    from input_findings
    where
        finding_code not in (
            select data_warning_texts.finding_code
            from data_warning_texts
            where data_warning_texts.finding_code is not null
        )

),

listed_warnings as (

    select * from measured_warnings
    union all
    select * from load_warnings

),

data_warnings as (

    select
        cast(
            row_number() over (order by found_in, place) as integer
        ) as warning_number,
        cast(warning_code as varchar) as warning_code,
        cast(found_in as varchar) as found_in,
        cast(table_name as varchar) as table_name,
        cast(column_name as varchar) as column_name,
        cast(
            table_name || coalesce(', ' || column_name, '') as varchar
        ) as column_label,
        cast(warning as varchar) as warning,
        cast(row_count as bigint) as row_count,
        cast(row_total as bigint) as row_total,
        {{ ratio('row_count', 'row_total') }} as row_share,
        {{ money('amount') }} as amount,
        cast(effect as varchar) as effect,
        cast(handling as varchar) as handling,
        cast(remedy as varchar) as remedy
    from listed_warnings

)

select * from data_warnings
