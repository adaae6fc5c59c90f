-- The last message of a thread, unless somebody has said something since.
UPDATE messaging_thread t SET last_message_id = r.id, last_message_at = r.moment
FROM unnest(%(threads)s::uuid[], %(ids)s::uuid[], %(at)s::timestamptz[]) AS r(thread_id, id, moment)
WHERE t.tenant_id = %(tenant)s AND t.id = r.thread_id
  AND (t.last_message_id IS NULL OR t.last_message_id < r.id)
