-- The thread and the sender in it, locked for one more message. Both rows are read again after
-- a wait, so a sender who has left meanwhile finds nothing. NO KEY: rows that refer to the
-- thread may be written meanwhile.
SELECT t.is_closed, t.last_message_id, t.sent,
       %(reply_to)s::uuid IS NULL OR EXISTS (
           SELECT FROM messaging_message m
           WHERE m.tenant_id = %(tenant)s AND m.id = %(reply_to)s::uuid AND m.thread_id = t.id
             AND m.id > greatest(p.sees_after_id, '00000000-0000-0000-0000-000000000000')),
       (SELECT array_agg(o.user_id) FROM messaging_participant o
        WHERE o.tenant_id = %(tenant)s AND o.thread_id = t.id AND o.left_at IS NULL
          AND o.user_id = ANY(%(mentions)s::uuid[])),
       p.activity_id,
       p.activity_id IS NULL AND (SELECT count(*) FROM (
           SELECT FROM messaging_participant o
           WHERE o.tenant_id = %(tenant)s AND o.thread_id = %(thread)s AND o.left_at IS NULL
           LIMIT {told} + 1
       ) few) <= {told}
FROM messaging_thread t
JOIN messaging_participant p ON p.tenant_id = t.tenant_id AND p.thread_id = t.id
WHERE t.tenant_id = %(tenant)s AND t.id = %(thread)s
  AND p.tenant_id = %(tenant)s AND p.user_id = %(sender)s AND p.left_at IS NULL
FOR NO KEY UPDATE OF t, p
