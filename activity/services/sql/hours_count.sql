-- Count these hours anew, and take away the notes of what came for them. One statement, so one
-- look: the events whose notes are taken are the events that are counted, and what commits a moment
-- later keeps its note for the next time. `since` and `until` are keys, computed outside, because a
-- function of a column would keep the index from being used under row-level security.
WITH due AS MATERIALIZED (
    SELECT * FROM unnest(%(starts)s::timestamptz[], %(since)s::uuid[], %(until)s::uuid[])
        AS d(starts_at, since, until)
),
taken AS (
    DELETE FROM activity_usagearrival a USING due
    WHERE a.tenant_id = %(tenant)s AND a.starts_at = due.starts_at
),
counted AS (
    SELECT due.starts_at, due.since, e.type, count(*) AS events, count(DISTINCT e.user_id) AS users
    FROM due JOIN activity_usageevent e
        ON e.tenant_id = %(tenant)s AND e.id >= due.since AND e.id < due.until
    GROUP BY due.starts_at, due.since, e.type
)
INSERT INTO activity_usagehour (tenant_id, id, starts_at, type, events, users, in_day)
SELECT %(tenant)s,
       -- A UUIDv7 of the hour and the type: made anew, it is the same.
       (left(since::text, 14) || '7' || substr(m, 1, 3) || '-8' || substr(m, 4, 3) || '-'
        || substr(m, 7, 12))::uuid,
       starts_at, type, events, users, false
FROM counted CROSS JOIN LATERAL md5(type) AS m
ON CONFLICT (tenant_id, starts_at, type)
DO UPDATE SET events = EXCLUDED.events, users = EXCLUDED.users, in_day = false
