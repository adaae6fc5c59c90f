-- The log of changes: written by triggers, with the rights of the tables' owner. The application
-- reads it, tenant by tenant, and has no other way to add to it than to change a row.
--
-- Who did it is what the application said of itself when its transaction began, in the setting
-- `app.audit`: actor|session|address|operation|request|reason. Where somebody else writes, all of
-- these are empty, and `database_user` says who.

CREATE EXTENSION IF NOT EXISTS hstore;

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
-- Whose personal data was erased: longer than the entries that tell of it, so that no archive
-- brings it back.
CREATE TABLE audit_erasure (
    tenant_id uuid NOT NULL, "table" text NOT NULL, row_id uuid NOT NULL,
    erased_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (tenant_id, "table", row_id));
REVOKE ALL ON audit_key, audit_tail, audit_erasure FROM erp_app, PUBLIC;

-- Rows of global tables are of no tenant.
CREATE FUNCTION audit_platform() RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT '00000000-0000-0000-0000-000000000000'::uuid
$$;

-- What a row's mark covers, besides the secret. `head` is the same for all rows of a statement, which
-- is why it is text made once; the binary form of the rest depends on no setting.
CREATE FUNCTION audit_head("table" text, action text, database_user text, actor_id uuid,
    session_id uuid, address inet, operation text, request_id text, reason text) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT convert_to(concat("table", '|', action, '|', database_user, '|', actor_id, '|',
        session_id, '|', address, '|', operation, '|', request_id, '|', reason), 'UTF8')
$$;

CREATE FUNCTION audit_mark(secret bytea, head bytea, id uuid, tenant_id uuid, row_id uuid,
    old jsonb, new jsonb, personal_digest bytea) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT sha256(secret || head
        || record_send(ROW(id, tenant_id, row_id, old, new, personal_digest)))
$$;

CREATE FUNCTION audit_digest(personal jsonb) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT sha256(convert_to(personal::text, 'UTF8'))
$$;

CREATE FUNCTION audit_mark_of(secret bytea, entry audit_auditlog) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT audit_mark(secret,
        audit_head(entry."table", entry.action, entry.database_user, entry.actor_id,
            entry.session_id, entry.address, entry.operation, entry.request_id, entry.reason),
        entry.id, entry.tenant_id, entry.row_id, entry.old, entry.new, entry.personal_digest)
$$;

-- The triggers differ only in what they read; all rows of a statement are one INSERT. They are on the
-- way of every write, so they are as short as they can be: `hstore` is the fastest way from a row to
-- names and values, as PostgreSQL writes them, and to the difference of two rows.
-- Arguments: columns left out, those masked, the masks, those of persons; where there are none of
-- the last three, which is most tables, a plain variant does without them.
DO $do$
DECLARE
    body constant text := $body$
DECLARE
    part constant text[] := string_to_array(nullif(current_setting('app.audit', true), ''), '|');
    by_actor constant uuid := nullif(part[1], '');
    in_session constant uuid := nullif(part[2], '');
    from_address constant inet := nullif(part[3], '');
    doing constant text := coalesce(part[4], '');
    request constant text := coalesce(part[5], '');
    why constant text := coalesce(part[6], '');
    -- As in audit_head(), which a call of would cost as much as all of the above.
    head constant bytea := convert_to(concat(TG_TABLE_NAME, '|', 'ACTION', '|', session_user, '|',
        by_actor, '|', in_session, '|', from_address, '|', doing, '|', request, '|', why), 'UTF8');
BEGIN
    INSERT INTO audit_auditlog (id, tenant_id, "table", row_id, action, actor_id, session_id,
        address, request_id, operation, reason, database_user, old, new, personal,
        personal_digest, mark)
    SELECT r.id, r.tenant_id, TG_TABLE_NAME, r.row_id, 'ACTION', by_actor, in_session,
        from_address, request, doing, why, session_user, r.old, r.new, r.personal,
        audit_digest(r.personal),
        audit_mark((SELECT secret FROM audit_key), head, r.id, r.tenant_id, r.row_id, r.old, r.new,
            audit_digest(r.personal))
    FROM (SOURCE OFFSET 0) AS r;
    RETURN NULL;
END
$body$;
    -- A whole row, as it came or as it went.
    whole constant text := $source$
        SELECT uuidv7() AS id, coalesce((w.row->'tenant_id')::uuid, audit_platform()) AS tenant_id,
            (w.row->'id')::uuid AS row_id, OLD_SIDE AS old, NEW_SIDE AS new, PERSONAL AS personal
        FROM (SELECT hstore(t) AS row FROM TRANSITION AS t OFFSET 0) AS w
    $source$;
    plain constant text := 'hstore_to_jsonb(w.row - TG_ARGV[0]::text[])';
    shown constant text := $shown$hstore_to_jsonb(w.row - TG_ARGV[0]::text[] - TG_ARGV[1]::text[]
                - TG_ARGV[3]::text[] || TG_ARGV[2]::hstore)$shown$;
    personal constant text := $personal$CASE WHEN TG_ARGV[3] <> '{}' THEN
                jsonb_build_object('salt', gen_random_uuid(),
                    'SIDE', hstore_to_jsonb(slice(w.row, TG_ARGV[3]::text[]))) END$personal$;
    -- What differs between before and after. FULL JOIN, so that a changed key shows both sides, and
    -- so that a plan kept from a single row is never a loop over the rows of a large statement.
    difference constant text := $source$
        SELECT uuidv7() AS id, coalesce((d.row->'tenant_id')::uuid, audit_platform()) AS tenant_id,
            (d.row->'id')::uuid AS row_id, OLD_SIDE AS old, NEW_SIDE AS new, PERSONAL AS personal
        FROM (
            SELECT coalesce(p.became, p.was) AS row,
                coalesce(p.was - p.became, p.was, '') - TG_ARGV[0]::text[] AS old,
                coalesce(p.became - p.was, p.became, '') - TG_ARGV[0]::text[] AS new
            FROM (
                SELECT o.row AS was, n.row AS became
                FROM (SELECT t.id, hstore(t) AS row FROM old_rows AS t OFFSET 0) AS o
                FULL JOIN (SELECT t.id, hstore(t) AS row FROM new_rows AS t OFFSET 0) AS n
                    ON o.id = n.id
                    AND coalesce(o.row->'tenant_id', '') = coalesce(n.row->'tenant_id', '')
                OFFSET 0
            ) AS p
            OFFSET 0
        ) AS d
        WHERE d.old <> '' OR d.new <> ''
    $source$;
    change constant text :=
        'hstore_to_jsonb(d.SIDE - TG_ARGV[3]::text[] || slice(TG_ARGV[2]::hstore, akeys(d.SIDE)))';
    personal_change constant text := $personal$CASE
                WHEN d.old ?| TG_ARGV[3]::text[] OR d.new ?| TG_ARGV[3]::text[] THEN
                jsonb_build_object('salt', gen_random_uuid(),
                    'old', hstore_to_jsonb(slice(d.old, TG_ARGV[3]::text[])),
                    'new', hstore_to_jsonb(slice(d.new, TG_ARGV[3]::text[]))) END$personal$;
    -- Which rows there were, nobody can say; that it was done belongs to no tenant.
    nothing constant text := $source$
        SELECT uuidv7() AS id, audit_platform() AS tenant_id, NULL::uuid AS row_id,
            NULL::jsonb AS old, NULL::jsonb AS new, NULL::jsonb AS personal
    $source$;
    kind record;
BEGIN
    FOR kind IN
        SELECT * FROM (VALUES
            ('insert', whole, 'new_rows', 'NULL::jsonb', shown, replace(personal, 'SIDE', 'new')),
            ('insert_plain', whole, 'new_rows', 'NULL::jsonb', plain, 'NULL::jsonb'),
            ('delete', whole, 'old_rows', shown, 'NULL::jsonb', replace(personal, 'SIDE', 'old')),
            ('delete_plain', whole, 'old_rows', plain, 'NULL::jsonb', 'NULL::jsonb'),
            ('update', difference, '', replace(change, 'SIDE', 'old'),
                replace(change, 'SIDE', 'new'), personal_change),
            ('update_plain', difference, '', 'hstore_to_jsonb(d.old)', 'hstore_to_jsonb(d.new)',
                'NULL::jsonb'),
            ('truncate', nothing, '', '', '', '')
        ) AS v(name, source, transition, old_side, new_side, personal)
    LOOP
        EXECUTE format('CREATE FUNCTION audit_%s() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER'
            ' SET search_path = pg_catalog, public, pg_temp'
            -- Else two moments might read the same, and be no difference.
            ' SET timezone = ''UTC'' SET datestyle = ''ISO, YMD'' AS %L', kind.name,
            replace(replace(body, 'ACTION', split_part(kind.name, '_', 1)), 'SOURCE',
                replace(replace(replace(replace(kind.source, 'TRANSITION', kind.transition),
                'OLD_SIDE', kind.old_side), 'NEW_SIDE', kind.new_side),
                'PERSONAL', kind.personal)));
    END LOOP;
END
$do$;

-- (Re)make the triggers of one table, or take them away where `names` is NULL.
CREATE FUNCTION audit_attach(
    target regclass, left_out text[], masked text[], personal text[], inserts boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    masks constant hstore := (SELECT coalesce(hstore(array_agg(name), array_agg('***'::text)), '')
        FROM unnest(masked) AS name);
    arguments constant text := format('%L, %L, %L, %L', left_out, masked, masks, personal);
    variant constant text := CASE WHEN masked || personal = '{}' THEN '_plain' ELSE '' END;
BEGIN
    PERFORM audit_detach(target);
    IF inserts THEN
        EXECUTE format('CREATE TRIGGER audit_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS'
            ' new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_insert%s(%s)',
            target, variant, arguments);
    END IF;
    EXECUTE format('CREATE TRIGGER audit_update AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows'
        ' NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_update%s(%s)',
        target, variant, arguments);
    EXECUTE format('CREATE TRIGGER audit_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows'
        ' FOR EACH STATEMENT EXECUTE FUNCTION audit_delete%s(%s)', target, variant, arguments);
    EXECUTE format('CREATE TRIGGER audit_truncate AFTER TRUNCATE ON %s'
        ' FOR EACH STATEMENT EXECUTE FUNCTION audit_truncate()', target);
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
REVOKE ALL ON FUNCTION audit_attach, audit_detach, audit_insert, audit_insert_plain, audit_update,
    audit_update_plain, audit_delete, audit_delete_plain, audit_truncate FROM PUBLIC;

-- What the planner has to know of two columns together, on the table and all its partitions.
CREATE STATISTICS audit_auditlog_stat (dependencies, ndistinct)
    ON tenant_id, row_id FROM audit_auditlog;
