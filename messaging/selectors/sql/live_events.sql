-- What happened in threads of a tenant after a position, oldest first. Global table.
SELECT e.position, e.name, e.payload::text, e.actor_id, e.created_at,
       (e.payload->>'thread_id')::uuid, (e.payload->>'message_id')::uuid
FROM jobs_outboxevent e
WHERE e.tenant_id = %(tenant)s AND e.position > %(after)s AND e.position <= %(until)s
  AND e.name = ANY(%(names)s)
ORDER BY e.position
LIMIT %(rows)s
