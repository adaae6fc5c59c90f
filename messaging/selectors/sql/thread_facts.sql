-- Of each of these threads, as the reader sees it: his role and cursor, and what is unread.
SELECT t.id, {facts}
FROM messaging_participant p
JOIN messaging_thread t ON t.tenant_id = p.tenant_id AND t.id = p.thread_id
WHERE p.tenant_id = %(tenant)s AND t.tenant_id = %(tenant)s AND p.user_id = %(reader)s
  AND p.left_at IS NULL AND p.thread_id = ANY(%(threads)s::uuid[])
