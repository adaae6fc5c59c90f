-- What others said in each of these threads after the cursor: counted by the index of what is not
-- deleted, from the cursor on and never further than the cap.
SELECT behind.thread_id, unread.messages
FROM unnest(%(threads)s::uuid[], %(cursors)s::uuid[]) AS behind(thread_id, after)
CROSS JOIN LATERAL (
    SELECT count(*) AS messages FROM (
        SELECT FROM messaging_message x
        WHERE x.tenant_id = %(tenant)s AND x.thread_id = behind.thread_id
          AND x.deleted_at IS NULL AND x.sender_id IS DISTINCT FROM %(reader)s
          AND x.id >= {since} AND x.id < {until}
          AND x.id > greatest(behind.after, '00000000-0000-0000-0000-000000000000')
        LIMIT {unread}
    ) counted
) unread
