-- New events of one batch, each once, and a note of how many came for which hour.
-- In the order of their ids, so that batches that share events do not wait for each other in a
-- circle. Answers the ids that are new, or NULL where all are.
WITH added AS (
    INSERT INTO activity_usageevent
        (tenant_id, id, type, user_id, properties, received_at, is_over_quota)
    SELECT %(tenant)s, g.id, g.type, %(user)s, g.properties, %(now)s, g.over
    FROM json_to_recordset(%(events)s::json)
        AS g(id uuid, type text, properties jsonb, over boolean)
    ORDER BY g.id
    ON CONFLICT (tenant_id, id) DO NOTHING
    RETURNING id
),
told AS (
    INSERT INTO activity_usagearrival (tenant_id, id, starts_at, events)
    SELECT %(tenant)s, (array_agg(a.id ORDER BY a.id))[1], a.starts_at, count(*)
    FROM (SELECT id, date_trunc('hour', uuid_extract_timestamp(id), 'UTC') AS starts_at
          FROM added) a
    GROUP BY a.starts_at
)
SELECT CASE WHEN count(*) < %(given)s THEN coalesce(array_agg(id), '{}') END
FROM added
