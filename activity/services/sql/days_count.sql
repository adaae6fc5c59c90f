-- Count this day anew, and mark its hours as counted in it. One look, as for the hours: an hour
-- that is counted later has its mark taken away again, and its day comes back.
WITH marked AS (
    UPDATE activity_usagehour h SET in_day = true
    WHERE h.tenant_id = %(tenant)s AND NOT h.in_day
      AND h.starts_at >= %(starts_at)s AND h.starts_at < %(ends_at)s
),
counted AS (
    SELECT e.type, count(*) AS events, count(DISTINCT e.user_id) AS users
    FROM activity_usageevent e
    WHERE e.tenant_id = %(tenant)s AND e.id >= %(since)s AND e.id < %(until)s
    GROUP BY e.type
)
INSERT INTO activity_usageday (tenant_id, id, starts_on, type, events, users)
SELECT %(tenant)s,
       (left(%(since)s::uuid::text, 14) || '7' || substr(m, 1, 3) || '-8' || substr(m, 4, 3)
        || '-' || substr(m, 7, 12))::uuid,
       %(day)s::date, type, events, users
FROM counted CROSS JOIN LATERAL md5(type) AS m
ON CONFLICT (tenant_id, starts_on, type)
DO UPDATE SET events = EXCLUDED.events, users = EXCLUDED.users
