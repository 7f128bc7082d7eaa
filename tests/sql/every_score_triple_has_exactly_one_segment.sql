{# All 125 triples of scores, whether or not a customer has them today. #}
with

scores as (

    select 1 as score
    union all
    select 2 as score
    union all
    select 3 as score
    union all
    select 4 as score
    union all
    select 5 as score

),

triples as (

    select
        r.score as r_score,
        f.score as f_score,
        m.score as m_score
    from scores as r
    cross join scores as f
    cross join scores as m

)

select
    triples.r_score,
    triples.f_score,
    triples.m_score,
    count(rules.rfm_segment) as segment_count
from triples
left join {{ ref('rfm_segment_rules') }} as rules
    on
        triples.r_score between rules.min_r_score and rules.max_r_score
        and triples.f_score between rules.min_f_score and rules.max_f_score
        and triples.m_score between rules.min_m_score and rules.max_m_score
group by triples.r_score, triples.f_score, triples.m_score
having count(rules.rfm_segment) <> 1
