-- Receipts and reactions out of jsonb, for those who prefer SQL: of a table `thread_messages` in this
-- database, whose messages `adopt_messages --messages-only` has copied (or somebody, with their ids).
--
-- They run with the rights of whoever calls, in the tenant that `app.tenant_id` names. A batch is a
-- call; its `last_id` is where the next one goes on. What is there already is left alone. What
-- cannot be taken is counted and named in `problems`: nothing is lost without a word.

-- As `messaging/services/imports/ids.py` makes them.
CREATE OR REPLACE FUNCTION import_digest(VARIADIC parts text[]) RETURNS bytea
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT sha256(convert_to(array_to_string(parts, E'\x1f'), 'UTF8'))
$$;

CREATE OR REPLACE FUNCTION import_uuid(digest bytea) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT encode(set_byte(set_byte(substr(digest, 1, 16),
        6, (get_byte(digest, 6) & 15) | 128), 8, (get_byte(digest, 8) & 63) | 128), 'hex')::uuid
$$;

-- The message that a row of the source became, or NULL.
CREATE OR REPLACE FUNCTION imported_message(
    source text, thread text, key text, moment timestamptz) RETURNS uuid
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    tenant uuid := NULLIF(current_setting('app.tenant_id', true), '')::uuid;
    milliseconds bigint := floor(extract(epoch FROM moment) * 1000);
    -- One with this id, made by somebody else who kept the ids.
    found uuid;
    hashed bit(42);
BEGIN
    IF key ~ '^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$' THEN
        SELECT m.id INTO found FROM messaging_message m
        WHERE m.tenant_id = tenant AND m.id = key::uuid;
    END IF;
    IF found IS NOT NULL THEN
        RETURN found;
    END IF;
    hashed := ('x' || encode(substr(import_digest(source, thread, 'id', key), 1, 8), 'hex'))
        ::bit(64)::bit(42);
    SELECT m.id INTO found FROM messaging_message m
    WHERE m.tenant_id = tenant
      AND m.thread_id = import_uuid(import_digest(tenant::text, 'thread', source, thread))
      AND m.id >= uuid7_floor(moment)
      AND m.id < uuid7_floor(moment + interval '1 millisecond')
      AND substring(('x' || replace(m.id::text, '-', ''))::bit(128) FROM 87 FOR 42) = hashed;
    RETURN found;
END
$$;

-- Who a key of the source is here: a member by his id or e-mail, or the import's placeholder.
CREATE OR REPLACE FUNCTION imported_user(source text, key text) RETURNS uuid
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    tenant uuid := NULLIF(current_setting('app.tenant_id', true), '')::uuid;
    address text := CASE WHEN key LIKE '%@%' THEN lower(btrim(key)) END;
    found uuid;
BEGIN
    IF key ~ '^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$' THEN
        SELECT m.user_id INTO found FROM permissions_membership m
        WHERE m.tenant_id = tenant AND m.user_id = key::uuid;
    ELSIF address IS NOT NULL THEN
        SELECT m.user_id INTO found
        FROM permissions_user u JOIN permissions_membership m ON m.user_id = u.id
        WHERE u.email = address AND m.tenant_id = tenant;
    END IF;
    IF found IS NULL THEN
        SELECT m.user_id INTO found FROM permissions_membership m
        WHERE m.tenant_id = tenant AND m.user_id = import_uuid(import_digest(tenant::text, 'person',
            CASE WHEN address IS NULL THEN source ELSE '' END, coalesce(address, key)));
    END IF;
    RETURN found;
END
$$;

-- A moment as text or number (seconds, or milliseconds as JavaScript counts); NULL if it is none.
CREATE OR REPLACE FUNCTION import_moment(value jsonb) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
    SELECT CASE
        WHEN (value #>> '{}') ~ '^-?\d{1,14}(\.\d+)?$' THEN to_timestamp((value #>> '{}')::numeric
            / CASE WHEN abs((value #>> '{}')::numeric) >= 1e11 THEN 1000 ELSE 1 END)
        WHEN jsonb_typeof(value) = 'string' AND pg_input_is_valid(value #>> '{}', 'timestamptz')
            AND isfinite((value #>> '{}')::timestamptz) THEN (value #>> '{}')::timestamptz END
$$;

-- Somebody and a moment, of each of the shapes that lists of people have: `[user]`,
-- `[{user, timestamp}]`, `{user: timestamp}`. Without a person where an entry has none.
CREATE OR REPLACE FUNCTION import_people(value jsonb)
RETURNS TABLE (person text, at timestamptz, is_malformed boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT e.person, import_moment(e.moment),
           coalesce(e.person, '') = '' OR (e.moment IS NOT NULL AND import_moment(e.moment) IS NULL)
    FROM (
        SELECT CASE jsonb_typeof(one)
                WHEN 'object' THEN coalesce(one ->> 'user', one ->> 'userId', one ->> 'user_id',
                                            one ->> 'id', one ->> 'email')
                WHEN 'string' THEN one #>> '{}' WHEN 'number' THEN one #>> '{}' END,
            CASE jsonb_typeof(one) WHEN 'object' THEN NULLIF(coalesce(one -> 'at',
                one -> 'timestamp', one -> 'readAt', one -> 'read_at', one -> 'createdAt',
                one -> 'created_at'), 'null') END
        FROM jsonb_array_elements(CASE jsonb_typeof(value) WHEN 'array' THEN value ELSE '[]' END) AS one
        UNION ALL
        SELECT pair.key, CASE
            WHEN pair.value IN ('true', 'null', '""') THEN NULL
            WHEN jsonb_typeof(pair.value) = 'object' THEN NULLIF(coalesce(pair.value -> 'at',
                pair.value -> 'timestamp', pair.value -> 'readAt', pair.value -> 'read_at'), 'null')
            ELSE pair.value END
        FROM jsonb_each(CASE jsonb_typeof(value) WHEN 'object' THEN value ELSE '{}' END) AS pair
    ) AS e(person, moment)
$$;

-- Emoji too: `{emoji: [user]}` and `[{emoji, user, at}]`.
CREATE OR REPLACE FUNCTION import_reactions(value jsonb)
RETURNS TABLE (emoji text, person text, at timestamptz, is_malformed boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT e.emoji, e.person, e.at, e.is_malformed OR coalesce(e.emoji, '') = ''
    FROM (
        SELECT pair.key, p.person, p.at, p.is_malformed
        FROM jsonb_each(CASE jsonb_typeof(value) WHEN 'object' THEN value ELSE '{}' END) AS pair
        CROSS JOIN LATERAL import_people(CASE WHEN jsonb_typeof(pair.value) IN ('array', 'object')
            THEN pair.value ELSE jsonb_build_array(pair.value) END) AS p
        UNION ALL
        SELECT one ->> 'emoji', p.person, p.at, p.is_malformed
        FROM jsonb_array_elements(CASE jsonb_typeof(value) WHEN 'array' THEN value ELSE '[]' END) AS one
        CROSS JOIN LATERAL import_people(jsonb_build_array(
            CASE jsonb_typeof(one) WHEN 'object' THEN one - 'id' ELSE '{}' END)) AS p
    ) AS e(emoji, person, at, is_malformed)
$$;

-- A batch of rows of the source, after `after_id` in the order of their ids.
CREATE OR REPLACE FUNCTION import_rows(source text, wanted text, batch integer, after_id text)
RETURNS TABLE (key text, thread text, moment timestamptz, value jsonb, is_json boolean)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    col name;
    kind text;
BEGIN
    SELECT attname INTO col FROM pg_attribute
    WHERE attrelid = source::regclass AND attnum > 0 AND NOT attisdropped
      AND lower(replace(attname, '_', '')) = wanted;
    SELECT format_type(atttypid, atttypmod) INTO kind FROM pg_attribute
    WHERE attrelid = source::regclass AND attname = 'id' AND NOT attisdropped;
    IF col IS NULL OR kind IS NULL THEN
        RAISE EXCEPTION '% has no column % or id.', source, wanted USING ERRCODE = '42703';
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT r.id::text, r.thread_id::text, r.created_at::timestamptz,'
        ' CASE WHEN pg_input_is_valid(r.%1$I::text, ''jsonb'') THEN r.%1$I::text::jsonb END,'
        ' r.%1$I IS NULL OR pg_input_is_valid(r.%1$I::text, ''jsonb'')'
        ' FROM %2$s r WHERE $1 IS NULL OR r.id > $1::%3$s ORDER BY r.id LIMIT $2',
        col, source::regclass, kind) USING after_id, batch;
END
$$;

-- Why an entry cannot be taken, or NULL.
CREATE OR REPLACE FUNCTION import_problem(message uuid, person uuid) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT CASE
        WHEN message IS NULL THEN 'its message is not here'
        WHEN person IS NULL THEN 'nobody here is this person'
        WHEN NOT EXISTS (
            SELECT FROM messaging_participant p
            WHERE p.tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid
              AND p.user_id = person AND p.thread_id = (
                SELECT m.thread_id FROM messaging_message m
                WHERE m.tenant_id = p.tenant_id AND m.id = message))
            THEN 'he does not take part in the thread' END
$$;

CREATE OR REPLACE FUNCTION migrate_readby_to_normalized(
    source text DEFAULT 'thread_messages', batch integer DEFAULT 10000, after_id text DEFAULT NULL,
    OUT scanned bigint, OUT inserted bigint, OUT known bigint, OUT malformed bigint,
    OUT last_id text, OUT problems jsonb)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    one record;
    entry record;
    message uuid;
    person uuid;
    problem text;
    tenant uuid := NULLIF(current_setting('app.tenant_id', true), '')::uuid;
    messages uuid[] := '{}';
    users uuid[] := '{}';
    moments timestamptz[] := '{}';
BEGIN
    scanned := 0; malformed := 0; problems := '[]';
    FOR one IN SELECT * FROM import_rows(source, 'readby', batch, after_id) LOOP
        scanned := scanned + 1;
        last_id := one.key;
        CONTINUE WHEN one.is_json AND (one.value IS NULL OR one.value = 'null');
        IF NOT one.is_json OR jsonb_typeof(one.value) NOT IN ('array', 'object') THEN
            malformed := malformed + 1;
            problems := problems || jsonb_build_object('id', one.key, 'reason', 'malformed');
            CONTINUE;
        END IF;
        message := imported_message(source, one.thread, one.key, one.moment);
        FOR entry IN SELECT * FROM import_people(one.value) LOOP
            person := CASE WHEN NOT entry.is_malformed THEN imported_user(source, entry.person) END;
            problem := CASE WHEN entry.is_malformed THEN 'malformed'
                            ELSE import_problem(message, person) END;
            IF problem IS NOT NULL THEN
                malformed := malformed + 1;
                problems := problems || jsonb_build_object(
                    'id', one.key, 'person', entry.person, 'reason', problem);
                CONTINUE;
            END IF;
            messages := messages || message;
            users := users || person;
            moments := moments || coalesce(entry.at, one.moment);
        END LOOP;
    END LOOP;
    INSERT INTO messaging_messageread (tenant_id, id, message_id, user_id, read_at)
    SELECT DISTINCT ON (r.message_id, r.user_id) tenant, gen_random_uuid(), r.message_id, r.user_id, r.at
    FROM unnest(messages, users, moments) WITH ORDINALITY AS r(message_id, user_id, at, n)
    ORDER BY r.message_id, r.user_id, r.n
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS inserted = ROW_COUNT;
    known := cardinality(messages) - inserted;
END
$$;

CREATE OR REPLACE FUNCTION migrate_reactions_to_normalized(
    source text DEFAULT 'thread_messages', batch integer DEFAULT 10000, after_id text DEFAULT NULL,
    OUT scanned bigint, OUT inserted bigint, OUT known bigint, OUT malformed bigint,
    OUT last_id text, OUT problems jsonb)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    one record;
    entry record;
    message uuid;
    person uuid;
    problem text;
    tenant uuid := NULLIF(current_setting('app.tenant_id', true), '')::uuid;
    messages uuid[] := '{}';
    users uuid[] := '{}';
    emojis text[] := '{}';
    moments timestamptz[] := '{}';
BEGIN
    scanned := 0; malformed := 0; problems := '[]';
    FOR one IN SELECT * FROM import_rows(source, 'reactions', batch, after_id) LOOP
        scanned := scanned + 1;
        last_id := one.key;
        CONTINUE WHEN one.is_json AND (one.value IS NULL OR one.value = 'null');
        IF NOT one.is_json OR jsonb_typeof(one.value) NOT IN ('array', 'object') THEN
            malformed := malformed + 1;
            problems := problems || jsonb_build_object('id', one.key, 'reason', 'malformed');
            CONTINUE;
        END IF;
        message := imported_message(source, one.thread, one.key, one.moment);
        FOR entry IN SELECT * FROM import_reactions(one.value) LOOP
            person := CASE WHEN NOT entry.is_malformed THEN imported_user(source, entry.person) END;
            problem := CASE
                WHEN entry.is_malformed THEN 'malformed'
                -- Words and bare characters; which sequences are emoji, only the command knows.
                WHEN length(entry.emoji) > 32 OR entry.emoji ~ '[[:alpha:][:space:]]'
                    OR entry.emoji !~ '[^\x01-\x7f]' THEN 'no emoji'
                ELSE import_problem(message, person) END;
            IF problem IS NOT NULL THEN
                malformed := malformed + 1;
                problems := problems || jsonb_build_object(
                    'id', one.key, 'person', entry.person, 'emoji', entry.emoji, 'reason', problem);
                CONTINUE;
            END IF;
            messages := messages || message;
            users := users || person;
            emojis := emojis || entry.emoji;
            moments := moments || coalesce(entry.at, one.moment);
        END LOOP;
    END LOOP;
    INSERT INTO messaging_messagereaction (tenant_id, id, message_id, user_id, emoji, reacted_at)
    SELECT DISTINCT ON (r.message_id, r.user_id, r.emoji)
           tenant, gen_random_uuid(), r.message_id, r.user_id, r.emoji, r.at
    FROM unnest(messages, users, emojis, moments) WITH ORDINALITY
        AS r(message_id, user_id, emoji, at, n)
    ORDER BY r.message_id, r.user_id, r.emoji, r.n
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS inserted = ROW_COUNT;
    known := cardinality(messages) - inserted;
END
$$;

DO $$
DECLARE
    made regprocedure;
BEGIN
    FOR made IN
        SELECT oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname IN (
            'import_digest', 'import_uuid', 'imported_message', 'imported_user', 'import_moment',
            'import_people', 'import_reactions', 'import_rows', 'import_problem',
            'migrate_readby_to_normalized', 'migrate_reactions_to_normalized')
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', made);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO erp_app', made);
    END LOOP;
END
$$;
