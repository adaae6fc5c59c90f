-- How far everybody has read; a cursor never moves back.
UPDATE messaging_participant p SET last_read_id = r.id, last_read_at = r.moment, sent_read = NULL
FROM unnest(%(threads)s::uuid[], %(users)s::uuid[], %(ids)s::uuid[], %(at)s::timestamptz[])
    AS r(thread_id, user_id, id, moment)
WHERE p.tenant_id = %(tenant)s AND p.thread_id = r.thread_id AND p.user_id = r.user_id
  AND (p.last_read_id IS NULL OR p.last_read_id < r.id)
