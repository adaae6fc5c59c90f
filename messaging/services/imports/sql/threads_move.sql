-- The last message of a thread, unless somebody has said something since; and up to where what is
-- unread must be counted from now on.
UPDATE messaging_thread t
SET last_message_id = greatest(t.last_message_id, r.id),
    last_message_at = CASE WHEN t.last_message_id > r.id THEN t.last_message_at ELSE r.moment END,
    counted_from_id = greatest(t.counted_from_id, r.id)
FROM unnest(%(threads)s::uuid[], %(ids)s::uuid[], %(at)s::timestamptz[]) AS r(thread_id, id, moment)
WHERE t.tenant_id = %(tenant)s AND t.id = r.thread_id
