-- Mark as read: move one participant's cursor forward to `target`, write a receipt for each message
-- that it newly covers, and announce it; how many receipts. His row is locked by `read_lock.sql`.
-- The ids of receipts follow from message and reader: an INSERT ... SELECT must not draw random
-- ones on a sharded database. They are UUIDv7 of the message's millisecond.
WITH moved AS (
    UPDATE messaging_participant p
    SET last_read_id = %(target)s, last_read_at = %(now)s, sent_read = %(sent)s
    WHERE p.tenant_id = %(tenant)s AND p.thread_id = %(thread)s AND p.user_id = %(reader)s
),
covered AS MATERIALIZED (
    SELECT m.id, md5(m.id::text || %(reader)s::text) AS hash
    FROM messaging_message m
    WHERE m.tenant_id = %(tenant)s AND m.thread_id = %(thread)s AND m.deleted_at IS NULL
      AND m.sender_id IS DISTINCT FROM %(reader)s AND m.id <= %(target)s
      AND m.id >= {since} AND m.id < {until}
      AND m.id > greatest(%(after)s::uuid, '00000000-0000-0000-0000-000000000000')
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
    VALUES (%(event)s, %(tenant)s, %(reader)s, %(request_id)s, %(event_name)s,
            %(payload)s::jsonb, %(now)s)
)
SELECT count(*) FROM receipt
