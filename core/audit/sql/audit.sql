-- The log of changes: written by triggers, with the rights of the tables' owner. The application
-- reads it, tenant by tenant, and has no other way to add to it than to change a row.
--
-- Who did it is what the application said of itself when its transaction began, in the setting
-- `app.audit`: actor|session|address|operation|request|reason. Where somebody else writes, all of
-- these are empty, and `database_user` says who.

REVOKE INSERT, UPDATE, DELETE ON audit_auditlog, audit_auditblock FROM erp_app;
-- The owner, too, is bound by the policy of these tables; it writes of whatever tenant is changed.
CREATE POLICY audit_owner ON audit_auditlog TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY audit_owner ON audit_auditblock TO CURRENT_USER USING (true) WITH CHECK (true);

-- What makes a mark: nobody but the owner reads it, so nobody else can make one.
CREATE TABLE audit_key (single boolean PRIMARY KEY DEFAULT true CHECK (single), secret bytea NOT NULL);
INSERT INTO audit_key (secret) VALUES (
    sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')));

-- Up to where rows may be sealed once every transaction before `bound_xid` is over.
CREATE TABLE audit_tail (
    single boolean PRIMARY KEY DEFAULT true CHECK (single), bound uuid, bound_xid xid8);
INSERT INTO audit_tail DEFAULT VALUES;
REVOKE ALL ON audit_key, audit_tail FROM erp_app, PUBLIC;

-- Rows of global tables are of no tenant.
CREATE FUNCTION audit_platform() RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT '00000000-0000-0000-0000-000000000000'::uuid
$$;

-- The keyed hash of a row. Text of a record: exact, and no setting changes what it says of these.
CREATE FUNCTION audit_mark(
    secret bytea, id uuid, tenant_id uuid, "table" text, row_id uuid, action text, actor_id uuid,
    session_id uuid, address inet, request_id text, operation text, reason text,
    database_user text, old jsonb, new jsonb, personal_digest bytea) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT sha256(secret || convert_to(ROW(
        id, tenant_id, "table", row_id, action, actor_id, session_id, address, request_id,
        operation, reason, database_user, old, new, encode(personal_digest, 'hex'))::text, 'UTF8'))
$$;

CREATE FUNCTION audit_mark_of(entry audit_auditlog) RETURNS bytea
LANGUAGE sql STABLE AS $$
    SELECT audit_mark(secret, entry.id, entry.tenant_id, entry."table", entry.row_id, entry.action,
        entry.actor_id, entry.session_id, entry.address, entry.request_id, entry.operation,
        entry.reason, entry.database_user, entry.old, entry.new, entry.personal_digest)
    FROM audit_key
$$;

-- Some fields of a document; NULL where it has none of them.
CREATE FUNCTION audit_pick(document jsonb, names text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT jsonb_object_agg(name, document->name) FROM unnest(names) AS name WHERE document ? name
$$;

CREATE FUNCTION audit_masks(names text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(jsonb_object_agg(name, '***'), '{}') FROM unnest(names) AS name
$$;

-- The three triggers differ only in what they read. All rows of a statement are one INSERT.
-- Arguments: columns left out, masked, personal.
DO $do$
DECLARE
    body constant text := $body$
DECLARE
    said constant text := current_setting('app.audit', true);
    part constant text[] := string_to_array(nullif(said, ''), '|');
    left_out constant text[] := TG_ARGV[0];
    masked constant text[] := TG_ARGV[1];
    private constant text[] := TG_ARGV[2];
    is_plain constant boolean := masked = '{}' AND private = '{}';
    hidden constant text[] := left_out || masked || private;
    masks constant jsonb := audit_masks(masked);
    by_actor constant uuid := nullif(part[1], '');
    in_session constant uuid := nullif(part[2], '');
    from_address constant inet := nullif(part[3], '');
    doing constant text := coalesce(part[4], '');
    request constant text := coalesce(part[5], '');
    why constant text := coalesce(array_to_string(part[6:], '|'), '');
    did constant text := lower(TG_OP);
BEGIN
    INSERT INTO audit_auditlog (id, tenant_id, "table", row_id, action, actor_id, session_id,
        address, request_id, operation, reason, database_user, old, new, personal,
        personal_digest, mark)
    SELECT r.id, r.tenant_id, TG_TABLE_NAME, r.row_id, did, by_actor, in_session,
        from_address, request, doing, why, session_user, r.old, r.new, r.personal,
        r.personal_digest,
        audit_mark(k.secret, r.id, r.tenant_id, TG_TABLE_NAME, r.row_id, did, by_actor,
            in_session, from_address, request, doing, why, session_user, r.old, r.new,
            r.personal_digest)
    FROM (
        SELECT uuidv7() AS id, coalesce((c.row->>'tenant_id')::uuid, audit_platform()) AS tenant_id,
            (c.row->>'id')::uuid AS row_id, c.old, c.new, c.personal,
            sha256(convert_to(c.personal::text, 'UTF8')) AS personal_digest
        FROM (SOURCE) AS c
        OFFSET 0
    ) AS r, audit_key AS k;
    RETURN NULL;
END
$body$;
    -- A whole row, as it came or as it went.
    whole constant text := $source$
        SELECT w.row,
            CASE WHEN KEEP_OLD THEN w.shown END AS old, CASE WHEN NOT KEEP_OLD THEN w.shown END AS new,
            CASE WHEN w.private IS NOT NULL THEN
                jsonb_build_object('salt', gen_random_uuid(), 'SIDE', w.private) END AS personal
        FROM (
            SELECT j.row,
                CASE WHEN is_plain THEN j.row - left_out ELSE j.row - hidden || masks END AS shown,
                CASE WHEN is_plain THEN NULL ELSE audit_pick(j.row, private) END AS private
            FROM (SELECT to_jsonb(t) AS row FROM ROWS AS t OFFSET 0) AS j
            OFFSET 0
        ) AS w
    $source$;
    -- What differs between before and after. FULL JOIN, so that a changed key shows both sides, and
    -- so that a plan kept from a single row is never a loop over the rows of a large statement.
    difference constant text := $source$
        SELECT p.row, d.old, d.new,
            CASE WHEN d.private_old IS NOT NULL THEN jsonb_build_object(
                'salt', gen_random_uuid(), 'old', d.private_old, 'new', d.private_new) END AS personal
        FROM (
            SELECT coalesce(n.row, o.row) AS row, o.row AS was, n.row AS became
            FROM (SELECT t.id, to_jsonb(t) AS row FROM old_rows AS t OFFSET 0) AS o
            FULL JOIN (SELECT t.id, to_jsonb(t) AS row FROM new_rows AS t OFFSET 0) AS n
                ON o.id = n.id
                AND coalesce(o.row->>'tenant_id', '') = coalesce(n.row->>'tenant_id', '')
            WHERE o.row IS DISTINCT FROM n.row
            OFFSET 0
        ) AS p
        CROSS JOIN LATERAL (
            SELECT
                jsonb_object_agg(key, CASE WHEN key = ANY(masked) THEN '"***"' ELSE was->key END)
                    FILTER (WHERE key <> ALL(private)) AS old,
                jsonb_object_agg(key, CASE WHEN key = ANY(masked) THEN '"***"' ELSE became->key END)
                    FILTER (WHERE key <> ALL(private)) AS new,
                jsonb_object_agg(key, was->key) FILTER (WHERE key = ANY(private)) AS private_old,
                jsonb_object_agg(key, became->key) FILTER (WHERE key = ANY(private)) AS private_new
            FROM jsonb_object_keys(p.row) AS key
            WHERE (was->key IS DISTINCT FROM became->key) AND key <> ALL(left_out)
        ) AS d
        WHERE d.old IS NOT NULL OR d.private_old IS NOT NULL
    $source$;
    head constant text := $head$
        CREATE FUNCTION audit_%s() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS %L
    $head$;
    inserted constant text := replace(replace(replace(
        whole, 'ROWS', 'new_rows'), 'KEEP_OLD', 'false'), 'SIDE', 'new');
    deleted constant text := replace(replace(replace(
        whole, 'ROWS', 'old_rows'), 'KEEP_OLD', 'true'), 'SIDE', 'old');
BEGIN
    EXECUTE format(head, 'insert', replace(body, 'SOURCE', inserted));
    EXECUTE format(head, 'delete', replace(body, 'SOURCE', deleted));
    EXECUTE format(head, 'update', replace(body, 'SOURCE', difference));
    -- Nobody can say which rows there were; that it was done belongs to no tenant.
    EXECUTE format(head, 'truncate', replace(body, 'SOURCE',
        'SELECT ''{}''::jsonb AS row, NULL::jsonb AS old, NULL::jsonb AS new, NULL::jsonb AS personal'));
END
$do$;

-- (Re)make the triggers of one table, or take them away where `names` is NULL.
CREATE FUNCTION audit_attach(
    target regclass, left_out text[], masked text[], personal text[], inserts boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    arguments constant text := format('%L, %L, %L', left_out, masked, personal);
BEGIN
    PERFORM audit_detach(target);
    IF inserts THEN
        EXECUTE format('CREATE TRIGGER audit_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS'
            ' new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_insert(%s)', target, arguments);
    END IF;
    EXECUTE format('CREATE TRIGGER audit_update AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows'
        ' NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_update(%s)',
        target, arguments);
    EXECUTE format('CREATE TRIGGER audit_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows'
        ' FOR EACH STATEMENT EXECUTE FUNCTION audit_delete(%s)', target, arguments);
    EXECUTE format('CREATE TRIGGER audit_truncate AFTER TRUNCATE ON %s'
        ' FOR EACH STATEMENT EXECUTE FUNCTION audit_truncate(%s)', target, arguments);
END
$$;

CREATE FUNCTION audit_detach(target regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    trigger name;
BEGIN
    FOR trigger IN SELECT tgname FROM pg_trigger
        WHERE tgrelid = target AND NOT tgisinternal AND tgname LIKE 'audit\_%' AND tgparentid = 0
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', trigger, target);
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION audit_attach, audit_detach FROM PUBLIC;
