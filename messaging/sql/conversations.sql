-- What holds in conversations whoever writes: API, import or psql.
--
-- Row triggers do the cheap checks of what does not change; who may be named in receipts,
-- reactions and mentions is checked once a statement. All are immediate. Their queries look
-- up keys, and are kept from reading whole tables for it.

-- Kind, visibility and record of a thread are decided when it begins: the two kinds do not mix.
CREATE OR REPLACE FUNCTION messaging_thread_fixed() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'kind, visibility and record of a thread do not change'
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'messaging_thread_fixed';
END
$$;

CREATE TRIGGER messaging_thread_fixed
BEFORE UPDATE ON messaging_thread
FOR EACH ROW
WHEN ((OLD.tenant_id, OLD.id, OLD.kind, OLD.visibility, OLD.pair, OLD.record_type)
      IS DISTINCT FROM
      (NEW.tenant_id, NEW.id, NEW.kind, NEW.visibility, NEW.pair, NEW.record_type)
      OR OLD.record_id IS DISTINCT FROM NEW.record_id)
EXECUTE FUNCTION messaging_thread_fixed();

-- Whoever takes part is a member of the company; a guest is in external threads only, and
-- nobody is a guest here and inside there. The lock is taken per person, so that two threads
-- that he joins at the same moment see each other.
CREATE OR REPLACE FUNCTION messaging_participant_guard() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    shown text;
    mixed boolean;
BEGIN
    IF TG_OP = 'UPDATE' AND (OLD.tenant_id, OLD.id, OLD.thread_id, OLD.user_id)
       IS DISTINCT FROM (NEW.tenant_id, NEW.id, NEW.thread_id, NEW.user_id) THEN
        RAISE EXCEPTION 'a participant stays who he is, where he is'
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'messaging_participant_fixed';
    END IF;
    IF NOT EXISTS (
        SELECT FROM permissions_membership m
        WHERE m.tenant_id = NEW.tenant_id AND m.user_id = NEW.user_id
    ) THEN
        RAISE EXCEPTION 'user % is no member of the company', NEW.user_id
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'messaging_participant_member';
    END IF;
    SELECT t.visibility INTO shown FROM messaging_thread t
    WHERE t.tenant_id = NEW.tenant_id AND t.id = NEW.thread_id;
    IF shown = 'external' AND NEW.role <> 'guest' THEN
        RETURN NEW;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended(NEW.tenant_id::text || NEW.user_id::text, 4));
    -- Of whoever is inside only his rows as guest are looked at, by their own small index.
    IF NEW.left_at IS NOT NULL THEN
        mixed := shown = 'internal' AND NEW.role = 'guest';
    ELSIF NEW.role = 'guest' THEN
        mixed := shown = 'internal' OR EXISTS (
            SELECT FROM messaging_participant p
            JOIN messaging_thread t ON t.tenant_id = p.tenant_id AND t.id = p.thread_id
            WHERE p.tenant_id = NEW.tenant_id AND p.user_id = NEW.user_id AND p.left_at IS NULL
              AND p.id <> NEW.id AND t.visibility = 'internal');
    ELSE
        mixed := EXISTS (
            SELECT FROM messaging_participant p
            WHERE p.tenant_id = NEW.tenant_id AND p.user_id = NEW.user_id AND p.left_at IS NULL
              AND p.role = 'guest' AND p.id <> NEW.id);
    END IF;
    IF mixed THEN
        RAISE EXCEPTION 'guests take part in external threads only'
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'messaging_participant_guest';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER messaging_participant_guard
BEFORE INSERT OR UPDATE OF tenant_id, id, thread_id, user_id, role, left_at
ON messaging_participant
FOR EACH ROW EXECUTE FUNCTION messaging_participant_guard();

-- One reads forward, and up to a message of the same thread. After the statement, because a
-- message moves its sender's cursor in the statement that writes it. The thread's own last
-- message counts although its partition may be gone.
CREATE OR REPLACE FUNCTION messaging_participant_cursor() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    IF NEW.last_read_id IS NULL OR NEW.last_read_id < OLD.last_read_id
       OR NOT (
        EXISTS (
            SELECT FROM messaging_thread t
            WHERE t.tenant_id = NEW.tenant_id AND t.id = NEW.thread_id
              AND t.last_message_id = NEW.last_read_id)
        OR EXISTS (
            SELECT FROM messaging_message m
            WHERE m.tenant_id = NEW.tenant_id AND m.id = NEW.last_read_id
              AND m.thread_id = NEW.thread_id)
    ) THEN
        RAISE EXCEPTION 'a cursor moves forward, to a message of its thread'
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'messaging_participant_cursor';
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER messaging_participant_cursor
AFTER UPDATE OF last_read_id ON messaging_participant
FOR EACH ROW
WHEN (OLD.last_read_id IS DISTINCT FROM NEW.last_read_id)
EXECUTE FUNCTION messaging_participant_cursor();

-- A message stays where it was said, by whom, in answer to what; deleted, it stays so, and
-- nothing of its text remains in it or in the search.
CREATE OR REPLACE FUNCTION messaging_message_fixed() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF OLD.deleted_at IS NOT NULL THEN
        RAISE EXCEPTION 'message % is deleted', OLD.id
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'messaging_message_deleted';
    END IF;
    RAISE EXCEPTION 'thread, sender and answered message of a message do not change'
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'messaging_message_fixed';
END
$$;

CREATE TRIGGER messaging_message_fixed
BEFORE UPDATE ON messaging_message
FOR EACH ROW
WHEN (OLD.deleted_at IS NOT NULL
      OR (OLD.tenant_id, OLD.id, OLD.thread_id) IS DISTINCT FROM
         (NEW.tenant_id, NEW.id, NEW.thread_id)
      OR OLD.sender_id IS DISTINCT FROM NEW.sender_id
      OR OLD.reply_to_id IS DISTINCT FROM NEW.reply_to_id)
EXECUTE FUNCTION messaging_message_fixed();

ALTER TABLE messaging_message ADD CONSTRAINT messaging_message_deleted
CHECK (deleted_at IS NULL OR (body = '' AND attachments = '[]'::jsonb));

-- Who reads, reacts or is mentioned takes part in the message's thread, or once did. Each message
-- is looked up by its key (OFFSET keeps that from becoming a join, which would be planned blindly),
-- then each person once a thread.
CREATE OR REPLACE FUNCTION messaging_only_participants() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off AS $$
BEGIN
    IF EXISTS (
        SELECT FROM (
            SELECT DISTINCT a.tenant_id, a.user_id, m.thread_id FROM added a
            LEFT JOIN LATERAL (
                SELECT x.thread_id FROM messaging_message x
                WHERE x.tenant_id = a.tenant_id AND x.id = a.message_id OFFSET 0
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

CREATE TRIGGER messaging_read_stranger
AFTER INSERT ON messaging_messageread REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION messaging_only_participants('messaging_read_stranger');

CREATE TRIGGER messaging_reaction_stranger
AFTER INSERT ON messaging_messagereaction REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION messaging_only_participants('messaging_reaction_stranger');

CREATE TRIGGER messaging_mention_stranger
AFTER INSERT ON messaging_mention REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION messaging_only_participants('messaging_mention_stranger');
