-- What is unread in the newest threads where something came after the cursor: how much in how many,
-- whether one reached the cap, and the threads that must be counted, with their cursors.
SELECT coalesce(sum(b.unread), 0)::bigint, count(*) FILTER (WHERE b.unread > 0),
       coalesce(bool_or(b.unread = {cap}), false),
       array_agg(b.thread_id) FILTER (WHERE b.unread IS NULL),
       array_agg(b.after) FILTER (WHERE b.unread IS NULL)
FROM (
    SELECT p.thread_id, greatest(p.last_read_id, p.sees_after_id) AS after, {unread} AS unread
    FROM messaging_participant p
    JOIN messaging_thread t ON t.tenant_id = p.tenant_id AND t.id = p.thread_id
    WHERE p.tenant_id = %(tenant)s AND t.tenant_id = %(tenant)s AND p.user_id = %(reader)s
      AND p.left_at IS NULL AND NOT p.is_muted
      AND t.last_message_id > greatest(p.last_read_id, '00000000-0000-0000-0000-000000000000')
    ORDER BY t.last_message_id DESC
    LIMIT {threads}
) b
