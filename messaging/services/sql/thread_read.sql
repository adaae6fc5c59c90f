-- Mark as read: move one participant's cursor forward, write a receipt for each message that it
-- newly covers, and announce it. One row if he takes part, none otherwise; its `target` is
-- empty where there is no such message in the thread for him.
-- The ids of receipts follow from message and reader: an INSERT ... SELECT must not draw random
-- ones on a sharded database. They are UUIDv7 of the message's millisecond.
WITH me AS MATERIALIZED (
    SELECT p.id, p.last_read_id, p.sees_after_id, t.last_message_id
    FROM messaging_participant p
    JOIN messaging_thread t ON t.tenant_id = p.tenant_id AND t.id = p.thread_id
    WHERE p.tenant_id = %(tenant)s AND p.thread_id = %(thread)s AND p.user_id = %(reader)s
      AND p.left_at IS NULL
    FOR NO KEY UPDATE OF p
),
target AS MATERIALIZED (
    SELECT me.last_message_id AS id FROM me
    WHERE %(message)s::uuid IS NULL AND me.last_message_id IS NOT NULL
    UNION ALL
    SELECT m.id FROM me, messaging_message m
    WHERE m.tenant_id = %(tenant)s AND m.id = %(message)s::uuid AND m.thread_id = %(thread)s
      AND m.id > greatest(me.sees_after_id, '00000000-0000-0000-0000-000000000000')
),
moved AS (
    UPDATE messaging_participant p
    SET last_read_id = target.id, last_read_at = %(now)s
    FROM me, target
    WHERE p.tenant_id = %(tenant)s AND p.id = me.id
      AND (me.last_read_id IS NULL OR me.last_read_id < target.id)
    RETURNING p.last_read_id
),
covered AS MATERIALIZED (
    SELECT m.id, md5(m.id::text || %(reader)s::text) AS hash
    FROM me, target, messaging_message m
    WHERE m.tenant_id = %(tenant)s AND m.thread_id = %(thread)s AND m.deleted_at IS NULL
      AND m.sender_id IS DISTINCT FROM %(reader)s AND m.id <= target.id
      AND m.id > greatest(me.last_read_id, me.sees_after_id,
                          '00000000-0000-0000-0000-000000000000')
    ORDER BY m.id DESC
    LIMIT {receipts}
),
receipt AS (
    INSERT INTO messaging_messageread (id, tenant_id, message_id, user_id, read_at)
    SELECT (substr(c.id::text, 1, 14) || '7' || substr(c.hash, 1, 3) || '-8' || substr(c.hash, 4, 3)
            || '-' || substr(c.hash, 7, 12))::uuid,
           %(tenant)s, c.id, %(reader)s, %(now)s
    FROM covered c
    ON CONFLICT (tenant_id, message_id, user_id) DO NOTHING
    RETURNING 1
),
event AS (
    INSERT INTO jobs_outboxevent (id, tenant_id, actor_id, request_id, name, payload, created_at)
    SELECT %(event)s, %(tenant)s, %(reader)s, %(request_id)s, %(event_name)s,
           jsonb_set(%(payload)s::jsonb, ARRAY['message_id'], to_jsonb(moved.last_read_id::text)),
           %(now)s
    FROM moved
)
SELECT me.last_read_id, (SELECT id FROM target), (SELECT count(*) FROM receipt) FROM me
