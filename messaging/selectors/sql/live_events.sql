-- What happened in threads after a position, oldest first, each with those among %(users)s whom
-- it concerns: who takes part now, or left by this very event; guests never hear of what is
-- internal, and nobody of messages from before he sees the thread.
-- MATERIALIZED: what is read out of jsonb cannot drive an index under row-level security.
WITH told AS MATERIALIZED (
    SELECT e.position, e.name, e.payload, e.actor_id, e.created_at,
           (e.payload->>'thread_id')::uuid AS thread_id,
           (e.payload->>'message_id')::uuid AS message_id
    FROM jobs_outboxevent e
    WHERE e.tenant_id = %(tenant)s AND e.position > %(after)s AND e.position <= %(until)s
      AND e.name = ANY(%(names)s)
    ORDER BY e.position
    LIMIT %(rows)s
),
concerned AS (
    SELECT told.position, array_agg(p.user_id) AS users
    FROM told
    JOIN messaging_participant p ON p.tenant_id = %(tenant)s AND p.thread_id = told.thread_id
    JOIN messaging_thread t ON t.tenant_id = %(tenant)s AND t.id = told.thread_id
    WHERE p.user_id = ANY(%(users)s::uuid[])
      AND (p.left_at IS NULL OR (told.name = 'thread.changed' AND p.left_at >= told.created_at))
      AND (p.role <> 'guest' OR t.visibility = 'external')
      AND (told.message_id IS NULL OR p.sees_after_id IS NULL
           OR told.message_id > p.sees_after_id)
    GROUP BY told.position
)
SELECT told.position, told.name, told.payload::text, told.actor_id, told.created_at, c.users
FROM told LEFT JOIN concerned c USING (position)
ORDER BY told.position
