-- This file says how things are; migrations run it again after it was changed.
--
-- The triggers of most tables: a tenant's, of which nothing is hidden. They are on the way of every
-- write, and what they cost is starting statements and working out expressions, so each is one
-- INSERT with as few expressions as there can be. Each SET of a function is paid for at every call,
-- so the time zone is the session's (its offset is written with every moment) and another style of
-- dates is refused instead. Their arguments are those of the others, of which they need the columns
-- to leave out, and for lines the column that names what they belong to.
DO $do$
DECLARE
    body constant text := $body$
DECLARE
    part constant text[] := string_to_array(nullif(current_setting('app.audit', true), ''), '|');
    by_actor constant uuid := nullif(part[1], '');
    in_session constant uuid := nullif(part[2], '');
    from_address constant inet := nullif(part[3], '');
BEGIN
    IF current_setting('DateStyle') NOT LIKE 'ISO%' THEN
        RAISE EXCEPTION 'What is recorded has dates as in ISO 8601: SET datestyle = ISO.'
            USING ERRCODE = '55000', CONSTRAINT = 'audit_dates_iso';
    END IF;
    INSERT INTO audit_auditlog (id, tenant_id, "table", row_id, action, actor_id, session_id,
        address, request_id, operation, reason, database_user, old, new, mark)
    SELECT r.id, r.tenant_id, TG_TABLE_NAME, r.row_id, 'ACTION', by_actor, in_session, from_address,
        coalesce(part[5], ''), coalesce(part[4], ''), coalesce(part[6], ''), session_user,
        r.old, r.new,
        -- audit_head() and audit_mark(), which PostgreSQL would not put in their place here.
        sha256((SELECT secret FROM audit_key)
            || convert_to(concat(TG_TABLE_NAME, '|ACTION|', session_user, '|', by_actor, '|',
                in_session, '|', from_address, '|', part[4], '|', part[5], '|', part[6]), 'UTF8')
            || record_send(ROW(r.id, r.tenant_id, r.row_id, r.old, r.new, NULL::bytea)))
    FROM (SOURCE OFFSET 0) AS r;
    RETURN NULL;
END
$body$;
    came constant text := $source$
        SELECT uuidv7() AS id, t.tenant_id, t.id AS row_id, NULL::jsonb AS old,
            hstore_to_jsonb(hstore(t) - TG_ARGV[0]::text[]) AS new
        FROM new_rows AS t
    $source$;
    went constant text := $source$
        SELECT uuidv7() AS id, t.tenant_id, t.id AS row_id,
            hstore_to_jsonb(hstore(t) - TG_ARGV[0]::text[]) AS old, NULL::jsonb AS new
        FROM old_rows AS t
    $source$;
    -- FULL JOIN, so that a changed key shows both sides, and so that a plan kept from a single row
    -- is never a loop over the rows of a large statement.
    difference constant text := $source$
        SELECT uuidv7() AS id, d.tenant_id, d.row_id,
            hstore_to_jsonb(d.old) AS old, hstore_to_jsonb(d.new) AS new
        FROM (
            SELECT p.tenant_id, p.row_id,
                coalesce(p.was - p.became, p.was, '') - TG_ARGV[0]::text[] AS old,
                coalesce(p.became - p.was, p.became, '') - TG_ARGV[0]::text[] AS new
            FROM (
                SELECT coalesce(n.tenant_id, o.tenant_id) AS tenant_id,
                    coalesce(n.id, o.id) AS row_id,
                    CASE WHEN o.id IS NOT NULL THEN hstore(o) END AS was,
                    CASE WHEN n.id IS NOT NULL THEN hstore(n) END AS became
                FROM old_rows AS o FULL JOIN new_rows AS n
                    ON o.id = n.id AND o.tenant_id = n.tenant_id
                OFFSET 0
            ) AS p
            OFFSET 0
        ) AS d
        WHERE d.old <> '' OR d.new <> ''
    $source$;
    -- What a statement adds to one document or journal, or takes away from it, is one entry of it:
    -- names once, then values.
    lines constant text := $source$
        SELECT uuidv7() AS id, g.tenant_id, g.row_id, OLD_SIDE AS old, NEW_SIDE AS new
        FROM (
            SELECT t.tenant_id, (t.row->TG_ARGV[4])::uuid AS row_id, any_value(t.line) AS line,
                array_agg(avals(t.line)) AS rows
            FROM (
                SELECT w.tenant_id, w.row, w.row - ARRAY['tenant_id', TG_ARGV[4]] AS line
                FROM (SELECT n.tenant_id, hstore(n) AS row FROM TRANSITION AS n OFFSET 0) AS w
                OFFSET 0
            ) AS t
            GROUP BY t.tenant_id, t.row->TG_ARGV[4]
        ) AS g
    $source$;
    -- Rows of other people's applications: global, with numbers for keys. They are entries of what
    -- they belong to, and of nothing where they name nothing of ours.
    owned constant text := $source$
        SELECT uuidv7() AS id, audit_platform() AS tenant_id, (w.row->TG_ARGV[4])::uuid AS row_id,
            OLD_SIDE AS old, NEW_SIDE AS new
        FROM (SELECT hstore(t) AS row FROM TRANSITION AS t OFFSET 0) AS w
    $source$;
    shown constant text := $shown$hstore_to_jsonb(w.row - TG_ARGV[0]::text[] - TG_ARGV[1]::text[]
                || TG_ARGV[2]::hstore)$shown$;
    owned_difference constant text := $source$
        SELECT uuidv7() AS id, audit_platform() AS tenant_id, (d.row->TG_ARGV[4])::uuid AS row_id,
            OLD_SIDE AS old, NEW_SIDE AS new
        FROM (
            SELECT coalesce(p.became, p.was) AS row,
                coalesce(p.was - p.became, p.was, '') - TG_ARGV[0]::text[] AS old,
                coalesce(p.became - p.was, p.became, '') - TG_ARGV[0]::text[] AS new
            FROM (
                SELECT o.row AS was, n.row AS became
                FROM (SELECT t.id, hstore(t) AS row FROM old_rows AS t OFFSET 0) AS o
                FULL JOIN (SELECT t.id, hstore(t) AS row FROM new_rows AS t OFFSET 0) AS n
                    ON o.id = n.id
                OFFSET 0
            ) AS p
            OFFSET 0
        ) AS d
        WHERE d.old <> '' OR d.new <> ''
    $source$;
    change constant text :=
        'hstore_to_jsonb(d.SIDE || slice(TG_ARGV[2]::hstore, akeys(d.SIDE)))';
    together constant text := $side$jsonb_build_object(
                'columns', akeys(g.line), 'rows', to_jsonb(g.rows))$side$;
    kind record;
BEGIN
    FOR kind IN
        SELECT * FROM (VALUES
            ('insert_rows', came, '', '', ''), ('delete_rows', went, '', '', ''),
            ('update_rows', difference, '', '', ''),
            ('insert_lines', lines, 'new_rows', 'NULL::jsonb', together),
            ('delete_lines', lines, 'old_rows', together, 'NULL::jsonb'),
            ('insert_owned', owned, 'new_rows', 'NULL::jsonb', shown),
            ('delete_owned', owned, 'old_rows', shown, 'NULL::jsonb'),
            ('update_owned', owned_difference, '', replace(change, 'SIDE', 'old'),
                replace(change, 'SIDE', 'new'))
        ) AS v(name, source, transition, old_side, new_side)
    LOOP
        EXECUTE format('CREATE OR REPLACE FUNCTION audit_%s() RETURNS trigger LANGUAGE plpgsql'
            ' SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS %L', kind.name,
            replace(replace(body, 'ACTION', split_part(kind.name, '_', 1)), 'SOURCE',
                replace(replace(replace(kind.source, 'TRANSITION', kind.transition),
                'OLD_SIDE', kind.old_side), 'NEW_SIDE', kind.new_side)));
    END LOOP;
END
$do$;

-- (Re)make the triggers of one table. `updates` is false where the database refuses them. `under` is
-- for lines: what they belong to.
DROP FUNCTION IF EXISTS audit_attach(regclass, text[], text[], text[], boolean);
DROP FUNCTION IF EXISTS audit_attach(regclass, text[], text[], text[], boolean, text);
CREATE OR REPLACE FUNCTION audit_attach(target regclass, left_out text[], masked text[],
    personal text[], inserts boolean, updates boolean, under text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    masks constant hstore := (SELECT coalesce(hstore(array_agg(name), array_agg('***'::text)), '')
        FROM unnest(masked) AS name);
    arguments constant text := format('%L, %L, %L, %L, %L', left_out, masked, masks, personal, under);
    is_of_tenant constant boolean := 2 = (SELECT count(*) FROM pg_attribute
        WHERE attrelid = target AND attname IN ('tenant_id', 'id') AND atttypid = 'uuid'::regtype);
    has_numbers constant boolean := EXISTS (SELECT FROM pg_attribute
        WHERE attrelid = target AND attname = 'id' AND atttypid IN ('int4'::regtype, 'int8'::regtype));
    variant constant text := CASE WHEN has_numbers THEN '_owned' WHEN masked || personal <> '{}' THEN ''
        WHEN is_of_tenant THEN '_rows' ELSE '_plain' END;
    whole_rows constant text := CASE WHEN under <> '' AND NOT has_numbers THEN '_lines'
        ELSE variant END;
BEGIN
    IF has_numbers AND personal <> '{}' THEN
        RAISE EXCEPTION 'Of rows with numbers for keys nothing of persons is kept apart: %.', target
            USING ERRCODE = '22023', CONSTRAINT = 'audit_owned_impersonal';
    END IF;
    IF under <> '' AND NOT has_numbers AND (variant <> '_rows' OR left_out <> '{tenant_id,id}') THEN
        RAISE EXCEPTION 'Of lines that are one entry nothing is hidden or left out: %.', target
            USING ERRCODE = '22023', CONSTRAINT = 'audit_lines_whole';
    END IF;
    PERFORM audit_detach(target);
    IF inserts THEN
        EXECUTE format('CREATE TRIGGER audit_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS'
            ' new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_insert%s(%s)',
            target, whole_rows, arguments);
    END IF;
    IF updates THEN
        EXECUTE format('CREATE TRIGGER audit_update AFTER UPDATE ON %s REFERENCING OLD TABLE AS'
            ' old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_update%s(%s)',
            target, variant, arguments);
    END IF;
    EXECUTE format('CREATE TRIGGER audit_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows'
        ' FOR EACH STATEMENT EXECUTE FUNCTION audit_delete%s(%s)', target, whole_rows, arguments);
    EXECUTE format('CREATE TRIGGER audit_truncate AFTER TRUNCATE ON %s'
        ' FOR EACH STATEMENT EXECUTE FUNCTION audit_truncate()', target);
END
$$;
REVOKE ALL ON FUNCTION audit_attach, audit_insert_rows, audit_update_rows, audit_delete_rows,
    audit_insert_lines, audit_delete_lines, audit_insert_owned, audit_update_owned,
    audit_delete_owned FROM PUBLIC;

-- Tables that are there already; what their models say anew is compared after migrating.
SELECT audit_attach(a.target, a.said[1]::text[], a.said[2]::text[], a.said[4]::text[], a.inserts,
    a.updates, coalesce(a.said[5], ''))
FROM (
    SELECT t.tgrelid::regclass AS target, bool_or(t.tgname = 'audit_insert') AS inserts,
        bool_or(t.tgname = 'audit_update') AS updates,
        min(string_to_array(encode(t.tgargs, 'escape'), '\000')) AS said
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE t.tgname IN ('audit_insert', 'audit_update', 'audit_delete') AND t.tgparentid = 0
        AND NOT c.relispartition
    GROUP BY t.tgrelid
    OFFSET 0
) AS a;
