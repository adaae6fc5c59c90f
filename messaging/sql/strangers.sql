-- Who reads, reacts or is mentioned takes part in the message's thread, or once did. Each message
-- is looked up by its key (OFFSET keeps that from becoming a join, which would be planned blindly),
-- then each person once a thread. The bounds keep the months that the rows are not of closed.
CREATE OR REPLACE FUNCTION messaging_only_participants() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off AS $$
DECLARE
    low uuid;
    high uuid;
BEGIN
    SELECT a.message_id INTO low FROM added a ORDER BY a.message_id LIMIT 1;
    SELECT a.message_id INTO high FROM added a ORDER BY a.message_id DESC LIMIT 1;
    IF EXISTS (
        SELECT FROM (
            SELECT DISTINCT a.tenant_id, a.user_id, m.thread_id FROM added a
            LEFT JOIN LATERAL (
                SELECT x.thread_id FROM messaging_message x
                WHERE x.tenant_id = a.tenant_id AND x.id = a.message_id
                  AND x.id >= low AND x.id <= high OFFSET 0
            ) m ON true
        ) named
        WHERE NOT EXISTS (
            SELECT FROM messaging_participant p
            WHERE p.tenant_id = named.tenant_id AND p.thread_id = named.thread_id
              AND p.user_id = named.user_id)
    ) THEN
        RAISE EXCEPTION 'somebody who does not take part in the thread'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_ARGV[0];
    END IF;
    RETURN NULL;
END
$$;
