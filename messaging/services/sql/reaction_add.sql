-- One emoji of somebody's, told if it is new: unless the thread is closed, or it would be one emoji
-- too many. The message is locked by `reaction_lock.sql`, in a statement before this one, so all
-- that is counted here has committed.
WITH seen AS (
    SELECT (SELECT t.is_closed FROM messaging_thread t
            WHERE t.tenant_id = %(tenant)s AND t.id = %(thread)s) AS is_closed,
           coalesce(bool_or(r.emoji = %(emoji)s), false)
               OR count(DISTINCT r.emoji) < %(most)s AS has_room
    FROM messaging_messagereaction r
    WHERE r.tenant_id = %(tenant)s AND r.message_id = %(message)s
),
added AS (
    INSERT INTO messaging_messagereaction
        (id, tenant_id, message_id, user_id, emoji, reacted_at)
    SELECT %(reaction)s, %(tenant)s, %(message)s, %(user)s, %(emoji)s, %(now)s
    FROM seen WHERE has_room AND NOT is_closed
    ON CONFLICT (tenant_id, message_id, user_id, emoji) DO NOTHING
    RETURNING id
),
told AS (
    INSERT INTO jobs_outboxevent
        (id, tenant_id, actor_id, request_id, name, payload, created_at)
    SELECT %(event)s, %(tenant)s, %(user)s, %(request_id)s, %(event_name)s, %(payload)s::jsonb,
           %(now)s
    FROM added
)
SELECT is_closed, has_room FROM seen
