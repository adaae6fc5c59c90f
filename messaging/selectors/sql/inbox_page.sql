-- A page of the threads that somebody takes part in, by their last message. Which ones they are is
-- decided first; whole rows of threads are read for those alone.
SELECT {thread}, p.activity, {facts}
FROM (
    SELECT p.thread_id, p.role, p.is_muted, p.last_read_id, p.sees_after_id, p.sent_read,
           coalesce(t.last_message_id, t.id) AS activity
    FROM messaging_participant p
    JOIN messaging_thread t ON t.tenant_id = p.tenant_id AND t.id = p.thread_id
    WHERE p.tenant_id = %(tenant)s AND t.tenant_id = %(tenant)s AND p.user_id = %(reader)s
      AND p.left_at IS NULL AND coalesce(t.last_message_id, t.id) < %(before)s::uuid
    ORDER BY activity DESC
    LIMIT {rows}
) p
JOIN messaging_thread t ON t.tenant_id = %(tenant)s AND t.id = p.thread_id
ORDER BY p.activity DESC
