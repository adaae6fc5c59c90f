-- A page of a company's events, whole, as clients see it; with the tail of one snapshot, so that
-- nothing is purged between the two. Of an event that is not for everybody, its number and no
-- more. Moments as `core.json` writes them: without a fraction where there is none.
SELECT t.sequence, t.purged, page.count, page.last, page.data
FROM jobs_tenanttail t CROSS JOIN LATERAL (
    SELECT count(*) AS count, max(e.sequence) AS last,
           '[' || string_agg(concat(
               '{{"sequence":', e.sequence, ',"id":"', e.id,
               '","type":', CASE WHEN e.is_told THEN to_json(e.name) ELSE '"{internal}"' END,
               ',"occurred_at":"', to_char(e.at, 'YYYY-MM-DD"T"HH24:MI:SS'),
               CASE WHEN e.at <> date_trunc('second', e.at) THEN to_char(e.at, '.US') END,
               'Z","actor_id":',
               CASE WHEN e.is_told AND e.actor_id IS NOT NULL
                   THEN '"' || e.actor_id || '"' ELSE 'null' END,
               ',"data":', CASE WHEN e.is_told THEN e.payload::text ELSE '{{}}' END, '}}'),
               ',' ORDER BY e.sequence) || ']' AS data
    FROM (
        SELECT sequence, id, name, created_at AT TIME ZONE 'UTC' AS at, actor_id, payload,
               name = ANY(%(told)s) AS is_told
        FROM jobs_outboxevent
        WHERE tenant_id = %(tenant)s AND sequence > %(after)s{more}
        ORDER BY sequence LIMIT %(limit)s
    ) e
) page
WHERE t.tenant_id = %(tenant)s
