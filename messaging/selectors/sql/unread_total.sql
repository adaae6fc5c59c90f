-- What is unread altogether, in the newest threads where something came after the cursor.
-- `before` is after every message: it keeps the partitions of the months to come out of it.
SELECT coalesce(sum(unread.messages), 0)::bigint, count(*) FILTER (WHERE unread.messages > 0),
       coalesce(bool_or(unread.messages = {unread}), false)
FROM (
    SELECT p.thread_id, greatest(p.last_read_id, p.sees_after_id) AS after
    FROM messaging_participant p
    JOIN messaging_thread t ON t.tenant_id = p.tenant_id AND t.id = p.thread_id
    WHERE p.tenant_id = %(tenant)s AND t.tenant_id = %(tenant)s AND p.user_id = %(reader)s
      AND p.left_at IS NULL AND NOT p.is_muted
      AND t.last_message_id > greatest(p.last_read_id, '00000000-0000-0000-0000-000000000000')
    ORDER BY t.last_message_id DESC
    LIMIT {threads}
) behind
CROSS JOIN LATERAL (
    SELECT count(*) AS messages FROM (
        SELECT FROM messaging_message x
        WHERE x.tenant_id = %(tenant)s AND x.thread_id = behind.thread_id
          AND x.deleted_at IS NULL AND x.sender_id IS DISTINCT FROM %(reader)s
          AND x.id < %(before)s
          AND x.id > greatest(behind.after, '00000000-0000-0000-0000-000000000000')
        LIMIT {unread}
    ) counted
) unread
