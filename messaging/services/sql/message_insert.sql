-- One message: itself, the thread's last one, its sender's cursor, and what is announced.
-- The thread and the sender's row are locked by `message_lock.sql`.
WITH message AS (
    INSERT INTO messaging_message
        (id, tenant_id, thread_id, sender_id, body, reply_to_id, attachments)
    VALUES (%(message)s, %(tenant)s, %(thread)s, %(sender)s, %(body)s, %(reply_to)s::uuid,
            %(attachments)s::jsonb)
),
thread AS (
    UPDATE messaging_thread
    SET last_message_id = %(message)s, last_message_at = %(now)s, sent = %(sent)s
    WHERE tenant_id = %(tenant)s AND id = %(thread)s
),
reader AS (
    UPDATE messaging_participant
    SET last_read_id = %(message)s, last_read_at = %(now)s, sent_read = %(sent)s
    WHERE tenant_id = %(tenant)s AND thread_id = %(thread)s AND user_id = %(sender)s
)
INSERT INTO jobs_outboxevent (id, tenant_id, actor_id, request_id, name, payload, created_at)
VALUES (%(event)s, %(tenant)s, %(sender)s, %(request_id)s, %(event_name)s,
        %(payload)s::jsonb, %(now)s)
