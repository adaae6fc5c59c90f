-- The chain: what the log held, so that nobody can change it unseen, whoever he is.
--
-- Rows are sealed in blocks, tenant by tenant, in the order of their ids. An id is drawn before its
-- transaction commits, so a row may appear behind others; therefore a bound is set first, and what
-- lies before it is sealed when every transaction of that moment is over.

CREATE FUNCTION audit_block_digest(block audit_auditblock) RETURNS bytea
LANGUAGE sql STABLE AS $$
    SELECT sha256(block.previous || convert_to(ROW(block.tenant_id, block.sequence, block.after_id,
        block.until_id, block.row_ids)::text, 'UTF8') || block.marks)
$$;

-- The next blocks of one tenant, up to a bound; how many rows they cover. Ends with the block that
-- reaches `rows_max`.
CREATE FUNCTION audit_seal_tenant(
    of_tenant uuid, bound uuid, block_rows integer, rows_max bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    block audit_auditblock;
    sealed bigint := 0;
BEGIN
    SELECT * INTO block FROM audit_auditblock
    WHERE tenant_id = of_tenant ORDER BY sequence DESC LIMIT 1;
    IF block.id IS NULL THEN
        block.sequence := 0;
        block.until_id := audit_platform();  -- before every id
        block.digest := '';
    END IF;
    WHILE sealed < rows_max LOOP
        block.after_id := block.until_id;
        SELECT array_agg(r.id ORDER BY r.id), string_agg(r.mark, '' ORDER BY r.id)
        INTO block.row_ids, block.marks
        FROM (SELECT id, mark FROM audit_auditlog
              WHERE tenant_id = of_tenant AND id > block.after_id AND id < bound
              ORDER BY id LIMIT block_rows) AS r;
        EXIT WHEN block.row_ids IS NULL;
        block.id := uuidv7();
        block.tenant_id := of_tenant;
        block.sequence := block.sequence + 1;
        block.until_id := block.row_ids[cardinality(block.row_ids)];
        block.previous := block.digest;
        block.digest := audit_block_digest(block);
        block.sealed_at := clock_timestamp();
        INSERT INTO audit_auditblock SELECT block.*;
        sealed := sealed + cardinality(block.row_ids);
    END LOOP;
    RETURN sealed;
END
$$;

-- Seal what lies before the last bound, and set the next one; how many rows were sealed. `rows_max`
-- or more means that there may be more. One at a time: a second caller finds nothing to do.
CREATE FUNCTION audit_seal(block_rows integer DEFAULT 1000, rows_max bigint DEFAULT 20000,
    margin interval DEFAULT '5 seconds') RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    tail audit_tail;
    of_tenant uuid;
    sealed bigint := 0;
BEGIN
    IF block_rows NOT BETWEEN 1 AND 10000 OR rows_max < 1 OR margin < interval '0' THEN
        RAISE EXCEPTION 'Nothing is sealed before its time, nor in blocks of that size.'
            USING ERRCODE = '22023', CONSTRAINT = 'audit_seal_bounds';
    END IF;
    SELECT * INTO tail FROM audit_tail FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    IF tail.bound_xid <= pg_snapshot_xmin(pg_current_snapshot()) THEN
        FOR of_tenant IN
            SELECT t.id FROM (SELECT id FROM tenancy_tenant UNION ALL SELECT audit_platform()) AS t
            LEFT JOIN LATERAL (SELECT until_id FROM audit_auditblock
                WHERE tenant_id = t.id ORDER BY sequence DESC LIMIT 1) AS b ON true
            WHERE EXISTS (SELECT FROM audit_auditlog a WHERE a.tenant_id = t.id
                AND a.id > coalesce(b.until_id, audit_platform()) AND a.id < tail.bound)
        LOOP
            sealed := sealed
                + audit_seal_tenant(of_tenant, tail.bound, block_rows, rows_max - sealed);
            IF sealed >= rows_max THEN
                RETURN sealed;
            END IF;
        END LOOP;
        tail.bound_xid := NULL;
    END IF;
    -- A number from the future is another cluster's: this database was restored into a new one.
    IF tail.bound_xid IS NULL OR tail.bound_xid > pg_snapshot_xmax(pg_current_snapshot()) THEN
        UPDATE audit_tail SET bound = uuid7_floor(clock_timestamp() - margin),
            bound_xid = pg_snapshot_xmax(pg_current_snapshot());
    END IF;
    RETURN sealed;
END
$$;

-- The moment up to which the log is sealed, or will be by the next call.
CREATE FUNCTION audit_sealed_until() RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT to_timestamp(('x' || left(replace(bound::text, '-', ''), 12))::bit(48)::bigint / 1000.0)
    FROM audit_tail
$$;

-- Whether what is kept of persons is not what was written, or is gone and nobody erased it.
CREATE FUNCTION audit_personal_differs(entry audit_auditlog) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT CASE WHEN entry.personal IS NOT NULL
        THEN entry.personal_digest IS DISTINCT FROM audit_digest(entry.personal)
        ELSE entry.personal_digest IS NOT NULL AND NOT EXISTS (
            SELECT FROM audit_auditlog e WHERE e.tenant_id = entry.tenant_id
                AND e.row_id = entry.row_id AND e."table" = entry."table" AND e.action = 'erase')
            -- A younger entry would still be there.
            AND NOT EXISTS (SELECT FROM audit_erasure e WHERE e.tenant_id = entry.tenant_id
                AND e.row_id = entry.row_id AND e."table" = entry."table"
                AND e.erased_at < now() - interval '1 year') END
$$;

-- Every chain that there is or ought to be, also of companies that are gone.
CREATE FUNCTION audit_chains() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT tenant_id FROM audit_auditblock UNION SELECT id FROM tenancy_tenant
    UNION SELECT audit_platform() ORDER BY 1
$$;

-- What is wrong with the blocks `first` to `last` of a tenant and with the rows that they cover,
-- in order; at most `faults_max` of each kind. Rows of the months in `gone` are archived and dropped.
--   chain: the block itself, or its link to the one before
--   altered, missing, inserted, late: one row; late is one of the trigger's, made before it was sealed
CREATE FUNCTION audit_faults(of_tenant uuid, first bigint, last bigint, gone date[],
    faults_max integer DEFAULT 20)
RETURNS TABLE (fault text, block bigint, id uuid, "table" text, row_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET timezone = 'UTC' SET jit = off AS $$
    WITH blocks AS MATERIALIZED (
        SELECT b.* FROM audit_auditblock b
        WHERE b.tenant_id = of_tenant AND b.sequence BETWEEN first AND last
    ), evidence AS (
        SELECT b.sequence, e.id, substr(b.marks, (e.n::integer - 1) * 32 + 1, 32) AS mark
        FROM blocks b CROSS JOIN unnest(b.row_ids) WITH ORDINALITY AS e(id, n)
    ), entries AS (
        SELECT l.id, l."table", l.row_id, l.mark,
            audit_mark_of((SELECT secret FROM audit_key), l) AS computed,
            (l.personal IS NOT NULL OR l.personal_digest IS NOT NULL)
                AND audit_personal_differs(l) AS personal_differs
        FROM audit_auditlog l
        WHERE l.tenant_id = of_tenant
            AND l.id > (SELECT after_id FROM blocks ORDER BY sequence LIMIT 1)
            AND l.id <= (SELECT until_id FROM blocks ORDER BY sequence DESC LIMIT 1)
    )
    (SELECT 'chain', n.sequence, NULL::uuid, NULL, NULL::uuid
     FROM generate_series(first, last) AS n(sequence)
     LEFT JOIN blocks b ON b.sequence = n.sequence
     LEFT JOIN audit_auditblock p ON p.tenant_id = of_tenant AND p.sequence = n.sequence - 1
     WHERE b.id IS NULL OR b.digest IS DISTINCT FROM audit_block_digest(b)
        OR b.previous IS DISTINCT FROM coalesce(p.digest, '')
        OR b.after_id IS DISTINCT FROM coalesce(p.until_id, audit_platform())
        OR (p.id IS NULL AND n.sequence > 1)
     ORDER BY n.sequence LIMIT faults_max)
    UNION ALL
    (SELECT CASE WHEN l.id IS NULL THEN 'missing'
                 WHEN l.mark IS DISTINCT FROM l.computed OR l.personal_differs THEN
                     CASE WHEN e.id IS NULL THEN 'inserted' ELSE 'altered' END
                 WHEN e.id IS NULL THEN 'late' ELSE 'altered' END,
            e.sequence, coalesce(e.id, l.id), l."table", l.row_id
     FROM evidence e FULL JOIN entries l ON l.id = e.id
     WHERE CASE WHEN l.id IS NULL
         THEN date_trunc('month', uuid_extract_timestamp(e.id))::date <> ALL(gone)
         ELSE e.id IS NULL OR l.mark IS DISTINCT FROM e.mark OR l.mark IS DISTINCT FROM l.computed
            OR l.personal_differs END
     ORDER BY coalesce(e.id, l.id) LIMIT faults_max)
$$;

-- The same of rows that are not sealed yet: each must bear the mark that only the trigger can make.
CREATE FUNCTION audit_faults_unsealed(of_tenant uuid, faults_max integer DEFAULT 20)
RETURNS TABLE (fault text, block bigint, id uuid, "table" text, row_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET timezone = 'UTC' AS $$
    SELECT 'altered', NULL::bigint, l.id, l."table", l.row_id FROM audit_auditlog l
    WHERE l.tenant_id = of_tenant
        AND l.id > coalesce((SELECT until_id FROM audit_auditblock b
            WHERE b.tenant_id = of_tenant ORDER BY sequence DESC LIMIT 1), audit_platform())
        AND (l.mark IS DISTINCT FROM audit_mark_of((SELECT secret FROM audit_key), l)
            OR (l.personal IS NOT NULL OR l.personal_digest IS NOT NULL)
                AND audit_personal_differs(l))
    ORDER BY l.id LIMIT faults_max
$$;

-- How many blocks and sealed rows a tenant has.
CREATE FUNCTION audit_extent(of_tenant uuid, OUT blocks bigint, OUT covered bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(max(sequence), 0), coalesce(sum(cardinality(row_ids)), 0)
    FROM audit_auditblock WHERE tenant_id = of_tenant
$$;

-- A block of a tenant's chain by its number, by default the last, and the rows up to it.
CREATE FUNCTION audit_head_of(of_tenant uuid, of_sequence bigint)
RETURNS TABLE (sequence bigint, digest bytea, covered bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT b.sequence, b.digest, (SELECT sum(cardinality(c.row_ids))::bigint FROM audit_auditblock c
        WHERE c.tenant_id = of_tenant AND c.sequence <= b.sequence)
    FROM audit_auditblock b
    WHERE b.tenant_id = of_tenant AND (of_sequence IS NULL OR b.sequence = of_sequence)
    ORDER BY b.sequence DESC LIMIT 1
$$;

-- The same of archived rows of a tenant, against what was sealed after `after` up to `until`.
CREATE FUNCTION audit_archive_faults(of_tenant uuid, after uuid, until uuid,
    entries audit_auditlog[], faults_max integer DEFAULT 20)
RETURNS TABLE (fault text, block bigint, id uuid, "table" text, row_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET jit = off AS $$
    WITH evidence AS (
        SELECT b.sequence, e.id, substr(b.marks, (e.n::integer - 1) * 32 + 1, 32) AS mark
        FROM audit_auditblock b CROSS JOIN unnest(b.row_ids) WITH ORDINALITY AS e(id, n)
        WHERE b.tenant_id = of_tenant AND b.until_id > after AND b.after_id < until
            AND e.id > after AND e.id <= until
    ), archived AS (
        SELECT a.id, a."table", a.row_id,
            audit_mark_of((SELECT secret FROM audit_key), a) AS mark
        FROM unnest(entries) AS a
    )
    SELECT CASE WHEN a.id IS NULL THEN 'missing' WHEN e.id IS NULL THEN 'inserted'
                ELSE 'altered' END, e.sequence, coalesce(e.id, a.id), a."table", a.row_id
    FROM evidence e FULL JOIN archived a ON a.id = e.id
    WHERE a.mark IS DISTINCT FROM e.mark
    ORDER BY coalesce(e.id, a.id) LIMIT faults_max
$$;

-- Whoever can write the note of an archive could have a month dropped. Not of the last year: its
-- rows leave the log by no way that the application has.
CREATE FUNCTION audit_keep_a_year() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.partition LIKE 'audit\_auditlog\_p%' AND NEW.dropped_at IS NOT NULL
        AND to_date(right(NEW.partition, 7), 'YYYY_MM') > now() - interval '1 year'
    THEN
        RAISE EXCEPTION '% is younger than a year.', NEW.partition
            USING ERRCODE = '55000', CONSTRAINT = 'audit_keep_a_year';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER partitions_keep_audit BEFORE INSERT OR UPDATE ON partitions_partitionarchive
    FOR EACH ROW EXECUTE FUNCTION audit_keep_a_year();

-- A row of the log that no change of a table makes; of the transaction's tenant.
CREATE FUNCTION audit_write("table" text, row_id uuid, action text, new jsonb) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
    INSERT INTO audit_auditlog (id, tenant_id, "table", row_id, action, actor_id, session_id,
        address, request_id, operation, reason, database_user, new, mark)
    SELECT r.*, audit_mark(k.secret, audit_head(r.tab, r.act, r.database_user, r.actor, r.session,
        r.address, r.operation, r.request, r.reason), r.id, r.tenant, r.row, NULL, r.new, NULL)
    FROM (
        SELECT uuidv7() AS id, current_setting('app.tenant_id')::uuid AS tenant, $1 AS tab,
            $2 AS row, $3 AS act, nullif(part[1], '')::uuid AS actor,
            nullif(part[2], '')::uuid AS session, nullif(part[3], '')::inet AS address,
            coalesce(part[5], '') AS request, coalesce(part[4], '') AS operation,
            coalesce(part[6], '') AS reason, session_user::text AS database_user, $4 AS new
        FROM string_to_array(nullif(current_setting('app.audit', true), ''), '|') AS part
        OFFSET 0
    ) AS r, audit_key AS k
$$;

-- That somebody looked at the log, and at what of it.
CREATE FUNCTION audit_note_read(looked_at jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT audit_write('audit_auditlog', NULL, 'read', looked_at)
$$;

-- Erase what the log holds of persons in these rows; the marks go on to prove the rest.
CREATE FUNCTION audit_erase("table" text, row_ids uuid[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    erased bigint;
BEGIN
    UPDATE audit_auditlog l SET personal = NULL
    WHERE l.tenant_id = current_setting('app.tenant_id')::uuid AND l."table" = $1
        AND l.row_id = ANY(row_ids) AND l.personal IS NOT NULL;
    GET DIAGNOSTICS erased = ROW_COUNT;
    PERFORM audit_write($1, row, 'erase', NULL) FROM unnest(row_ids) AS row;
    INSERT INTO audit_erasure (tenant_id, "table", row_id)
    SELECT current_setting('app.tenant_id')::uuid, $1, row FROM unnest(row_ids) AS row
    ON CONFLICT DO NOTHING;
    RETURN erased;
END
$$;

-- Rows of an archive, back where they were: only such as the trigger once wrote, and without what
-- was erased since.
CREATE FUNCTION audit_restore(entries audit_auditlog[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET timezone = 'UTC' AS $$
DECLARE
    restored bigint;
BEGIN
    IF EXISTS (SELECT FROM unnest(entries) AS e
        WHERE e.mark IS DISTINCT FROM audit_mark_of((SELECT secret FROM audit_key), e)) THEN
        RAISE EXCEPTION 'The archive holds rows that the audit log never had.'
            USING ERRCODE = '23514', CONSTRAINT = 'audit_restored_as_written';
    END IF;
    INSERT INTO audit_auditlog SELECT e.* FROM unnest(entries) AS e ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS restored = ROW_COUNT;
    UPDATE audit_auditlog l SET personal = NULL
    FROM unnest(entries) AS e
    WHERE l.tenant_id = e.tenant_id AND l.id = e.id AND l.personal IS NOT NULL AND EXISTS (
        SELECT FROM audit_erasure x WHERE x.tenant_id = e.tenant_id AND x.row_id = e.row_id
            AND x."table" = e."table");
    RETURN restored;
END
$$;

REVOKE ALL ON FUNCTION audit_write, audit_seal_tenant, audit_seal, audit_faults,
    audit_faults_unsealed, audit_archive_faults, audit_chains, audit_extent, audit_head_of, audit_sealed_until, audit_note_read, audit_erase, audit_restore
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_seal, audit_archive_faults, audit_chains, audit_sealed_until, audit_extent, audit_head_of, audit_faults, audit_faults_unsealed, audit_note_read,
    audit_erase, audit_restore TO erp_app;
