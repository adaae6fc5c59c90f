-- Of each of these threads, as the reader sees it: his role and cursor, what is unread, and the
-- last message. Unread is counted by the index of what is not deleted, from the cursor on and
-- never further than the cap; where nothing came after the cursor, not at all. `before` is after
-- every message: it keeps the partitions of the months to come out of it.
SELECT p.thread_id, p.role, p.is_muted, p.last_read_id, unread.messages,
       m.id, m.sender_id, left(m.body, {preview}), m.deleted_at
FROM messaging_participant p
JOIN messaging_thread t ON t.tenant_id = p.tenant_id AND t.id = p.thread_id
LEFT JOIN LATERAL (
    SELECT x.id, x.sender_id, x.body, x.deleted_at FROM messaging_message x
    WHERE x.tenant_id = %(tenant)s AND x.id = t.last_message_id AND x.id < %(before)s
      AND x.id > greatest(p.sees_after_id, '00000000-0000-0000-0000-000000000000')
) m ON true
CROSS JOIN LATERAL (
    SELECT count(*) AS messages FROM (
        SELECT FROM messaging_message x
        WHERE x.tenant_id = %(tenant)s AND x.thread_id = p.thread_id AND x.deleted_at IS NULL
          AND x.sender_id IS DISTINCT FROM %(reader)s AND x.id < %(before)s
          AND x.id > greatest(p.last_read_id, p.sees_after_id,
                              '00000000-0000-0000-0000-000000000000')
          AND t.last_message_id > greatest(p.last_read_id,
                                           '00000000-0000-0000-0000-000000000000')
        LIMIT {unread}
    ) counted
) unread
WHERE p.tenant_id = %(tenant)s AND t.tenant_id = %(tenant)s AND p.user_id = %(reader)s
  AND p.left_at IS NULL AND p.thread_id = ANY(%(threads)s::uuid[])
