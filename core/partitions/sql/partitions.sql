-- Monthly partitions: made, counted and dropped by functions, because the application owns nothing.
--
-- Those that change the schema lend their owner's rights. They act on partitioned tables of the
-- application only, by month, and what they drop must have an archive that equals it, row by row.
-- Every one of them gives up a lock that it does not get in 200 ms: whoever asks behind it waits no
-- longer, and the caller tries again.

-- The smallest UUIDv7 of the millisecond of `moment`.
CREATE FUNCTION uuid7_floor(moment timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT rpad(lpad(to_hex(floor(extract(epoch FROM moment) * 1000)::bigint), 12, '0'), 32, '0')::uuid
$$;

CREATE FUNCTION partition_name(target text, month date) RETURNS text
LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT target || '_p' || to_char(month::timestamp, 'YYYY_MM')
$$;

-- The column that `target` is partitioned by; an error unless it is a partitioned table of ours.
CREATE FUNCTION partition_key(target text) RETURNS name
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    found name;
BEGIN
    SELECT a.attname INTO found
    FROM pg_class c
    JOIN pg_partitioned_table p ON p.partrelid = c.oid
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
    WHERE c.relname = target AND c.relnamespace = 'public'::regnamespace
      AND NOT c.relispartition AND c.relrowsecurity AND c.relforcerowsecurity
      AND p.partstrat = 'r' AND p.partnatts = 1 AND a.atttypid = 'uuid'::regtype
      AND c.relowner = (SELECT proowner FROM pg_proc
                        WHERE oid = 'public.partition_key(text)'::regprocedure);
    IF found IS NULL THEN
        RAISE EXCEPTION '% is not a table of monthly partitions.', target
            USING ERRCODE = '42809', CONSTRAINT = 'partitions_not_ours';
    END IF;
    RETURN found;
END
$$;

CREATE FUNCTION partition_is_attached(target text, month date) RETURNS boolean
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM pg_inherits i
        JOIN pg_class child ON child.oid = i.inhrelid
        JOIN pg_class parent ON parent.oid = i.inhparent
        WHERE parent.relname = target AND parent.relnamespace = 'public'::regnamespace
          AND child.relname = partition_name(target, month))
$$;

-- Columns that are kept in an archive: all but those that the database computes, the tenant first.
CREATE FUNCTION partition_columns(target text) RETURNS text[]
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT array_agg(attname::text ORDER BY attname <> 'tenant_id', attnum) FROM pg_attribute
    WHERE attrelid = format('public.%I', target)::regclass
      AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
$$;

-- How many rows a month has, and the sum of the hashes of their lines as COPY would write them, so
-- that the same sum can be taken of a file. Of those rows that the caller sees.
CREATE FUNCTION partition_digest(
    target text, month date, columns text[], OUT row_count bigint, OUT checksum text)
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, public, pg_temp
SET timezone = 'UTC' SET datestyle = 'ISO, YMD' SET intervalstyle = 'postgres'
SET bytea_output = 'hex' SET extra_float_digits = 1 AS $$
DECLARE
    line text;
    -- The owner may read a partition, and must: the policy of the parent hides every row from it.
    is_owner boolean := pg_has_role(current_user,
        (SELECT relowner FROM pg_class WHERE oid = format('public.%I', target)::regclass), 'USAGE');
BEGIN
    SELECT string_agg(format(
        $x$CASE WHEN %1$I IS NULL THEN '' ELSE '"' || replace(format('%%s', %1$I), '"', '""') || '"' END$x$,
        name), $x$ || ',' || $x$ ORDER BY n)
    INTO line FROM unnest(columns) WITH ORDINALITY AS c(name, n);
    EXECUTE format(
        'SELECT count(*), coalesce(sum((''x'' || left(encode(sha256(convert_to(%1$s, ''UTF8'')),'
        ' ''hex''), 15))::bit(60)::bigint), 0)::text FROM public.%2$I'
        ' WHERE %3$I >= %4$L AND %3$I < %5$L',
        line, CASE WHEN is_owner THEN partition_name(target, month) ELSE target END,
        partition_key(target), uuid7_floor(month), uuid7_floor(month + interval '1 month'))
    INTO row_count, checksum;
END
$$;

-- Indexes of partitions get the name of their table's index, with the month behind: PostgreSQL's own
-- names say nothing, and are longer than we allow. Also those that a later migration adds.
CREATE FUNCTION partition_name_indexes(target text) RETURNS void
LANGUAGE plpgsql STRICT SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    index record;
BEGIN
    FOR index IN
        SELECT child.relname AS old, parent.relname || right(partition.relname, 9) AS new
        FROM pg_inherits p
        JOIN pg_class partition ON partition.oid = p.inhrelid
        JOIN pg_index x ON x.indrelid = partition.oid
        JOIN pg_class child ON child.oid = x.indexrelid
        JOIN pg_inherits i ON i.inhrelid = child.oid
        JOIN pg_class parent ON parent.oid = i.inhparent
        WHERE p.inhparent = format('public.%I', target)::regclass
          AND child.relname <> parent.relname || right(partition.relname, 9)
    LOOP
        EXECUTE format('ALTER INDEX public.%I RENAME TO %I', index.old, index.new);
    END LOOP;
END
$$;

-- The partition of a month, if there is none; its name, or NULL where there was one.
--
-- Made beside the table and attached when it is ready: readers and writers of the table go on.
-- Tables that it refers to are locked against writing while the transaction ends.
CREATE FUNCTION create_partition(target text, month date) RETURNS text
LANGUAGE plpgsql STRICT SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET timezone = 'UTC' SET lock_timeout = '200ms' AS $$
DECLARE
    first date := date_trunc('month', month::timestamp)::date;
    made text := partition_name(target, first);
BEGIN
    PERFORM partition_key(target);
    IF first < '1970-01-01' OR first > now() + interval '50 years' THEN
        RAISE EXCEPTION 'There is no month % for partitions.', first
            USING ERRCODE = '22008', CONSTRAINT = 'partitions_month';
    END IF;
    IF partition_is_attached(target, first) THEN
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('partitions:' || target, 0));
    IF partition_is_attached(target, first) THEN  -- somebody else's, made while we waited
        RETURN NULL;
    END IF;
    -- On a sharded database one shard after the other; elsewhere nobody knows this setting.
    PERFORM set_config('citus.multi_shard_modify_mode', 'sequential', true);
    EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING ALL)', made, target);
    -- It has no grants, which is what keeps everybody out. This is the second bolt: no policy either.
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', made);
    EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
        target, made, uuid7_floor(first), uuid7_floor(first + interval '1 month'));
    PERFORM partition_name_indexes(target);
    RETURN made;
END
$$;

-- The month of `moment` and as many after it.
CREATE FUNCTION create_future_partitions(
    target text, months integer, moment timestamptz DEFAULT now()) RETURNS SETOF text
LANGUAGE sql STRICT SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
    SELECT made FROM generate_series(0, months) AS ahead
    CROSS JOIN LATERAL create_partition(
        target, (date_trunc('month', moment) + ahead * interval '1 month')::date) AS made
    WHERE made IS NOT NULL
$$;

-- Refuses unless nothing refers to the month's rows any more, by whole partitions: the policies of
-- the referring tables would hide their rows from the check that DETACH makes.
CREATE FUNCTION partition_require_unreferenced(target text, month date) RETURNS void
LANGUAGE plpgsql STRICT SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    referrer text;
    has_rows boolean;
BEGIN
    FOR referrer IN
        SELECT c.relname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
        WHERE k.contype = 'f' AND k.conparentid = 0 AND NOT c.relispartition
          AND k.confrelid = format('public.%I', target)::regclass
    LOOP
        PERFORM partition_key(referrer);
        CONTINUE WHEN NOT partition_is_attached(referrer, month);
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', partition_name(referrer, month))
        INTO has_rows;
        IF has_rows THEN
            RAISE EXCEPTION '% still refers to %.', partition_name(referrer, month),
                partition_name(target, month)
                USING ERRCODE = '55000', CONSTRAINT = 'partitions_referred_to';
        END IF;
    END LOOP;
END
$$;

-- The archive that equals a month's rows as they are now; an error if there is none. Made before
-- the month was over, or with other columns, it does not count.
CREATE FUNCTION partition_archived(target text, month date) RETURNS uuid
LANGUAGE plpgsql STRICT SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
#variable_conflict use_variable
DECLARE
    archive partitions_partitionarchive;
    found record;
BEGIN
    SELECT * INTO archive FROM partitions_partitionarchive a
    WHERE a.partition = partition_name(target, month) AND a.dropped_at IS NULL
      AND a.verified_at >= month + interval '1 month'
    ORDER BY a.created_at DESC, a.id DESC LIMIT 1;
    IF archive.id IS NULL THEN
        RAISE EXCEPTION '% has no verified archive.', partition_name(target, month)
            USING ERRCODE = '55000', CONSTRAINT = 'partitions_no_archive';
    END IF;
    SELECT * INTO found FROM partition_digest(target, month, partition_columns(target));
    IF (archive.rows, archive.checksum, archive.columns)
        IS DISTINCT FROM (found.row_count, found.checksum, to_jsonb(partition_columns(target)))
    THEN
        RAISE EXCEPTION '% is not what was archived: % rows now, % then.',
            archive.partition, found.row_count, archive.rows
            USING ERRCODE = '55000', CONSTRAINT = 'partitions_archive_differs';
    END IF;
    RETURN archive.id;
END
$$;

-- Drop one month; false where there is none. Writers of that month wait while it is counted.
CREATE FUNCTION drop_partition(target text, month date, moment timestamptz DEFAULT now())
RETURNS boolean
LANGUAGE plpgsql STRICT SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET lock_timeout = '200ms' AS $$
DECLARE
    first date := date_trunc('month', month::timestamp)::date;
    dropped text := partition_name(target, first);
    archive uuid;
BEGIN
    PERFORM partition_key(target);
    PERFORM pg_advisory_xact_lock(hashtextextended('partitions:' || target, 0));
    IF NOT partition_is_attached(target, first) THEN
        RETURN false;
    END IF;
    PERFORM set_config('citus.multi_shard_modify_mode', 'sequential', true);
    EXECUTE format('LOCK TABLE public.%I IN SHARE MODE', dropped);
    PERFORM partition_require_unreferenced(target, first);
    archive := partition_archived(target, first);
    UPDATE partitions_partitionarchive SET dropped_at = moment WHERE id = archive;
    EXECUTE format('ALTER TABLE public.%I DETACH PARTITION public.%I', target, dropped);
    EXECUTE format('DROP TABLE public.%I', dropped);
    RETURN true;
END
$$;

-- Every month that was over `months` months before the one of `moment`, oldest first. What has no
-- archive that equals it stops it.
CREATE FUNCTION drop_old_partitions(
    target text, months integer, moment timestamptz DEFAULT now()) RETURNS SETOF text
LANGUAGE plpgsql STRICT SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    month date;
BEGIN
    PERFORM partition_key(target);
    IF months < 1 THEN
        RAISE EXCEPTION 'At least one whole month is kept.'
            USING ERRCODE = '22023', CONSTRAINT = 'partitions_months_kept';
    END IF;
    FOR month IN
        SELECT old.month FROM (
            SELECT to_date(right(child.relname, 7), 'YYYY_MM') AS month
            FROM pg_inherits i JOIN pg_class child ON child.oid = i.inhrelid
            WHERE i.inhparent = format('public.%I', target)::regclass) AS old
        WHERE old.month < date_trunc('month', moment) - months * interval '1 month'
        ORDER BY old.month
    LOOP
        IF drop_partition(target, month, moment) THEN
            RETURN NEXT partition_name(target, month);
        END IF;
    END LOOP;
END
$$;

-- Names of indexes, and what the planner knows of the table as a whole: autovacuum looks at each
-- partition, never at this.
CREATE FUNCTION tidy_partitioned(target text) RETURNS void
LANGUAGE plpgsql STRICT SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET lock_timeout = '200ms' AS $$
BEGIN
    PERFORM partition_key(target);
    PERFORM pg_advisory_xact_lock(hashtextextended('partitions:' || target, 0));
    PERFORM partition_name_indexes(target);
    EXECUTE format('ANALYZE ONLY public.%I', target);
END
$$;

DO $$
DECLARE
    made regprocedure;
BEGIN
    FOR made IN
        SELECT oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname IN (
            'uuid7_floor', 'partition_name', 'partition_key', 'partition_is_attached',
            'partition_columns', 'partition_digest', 'create_partition', 'create_future_partitions',
            'partition_require_unreferenced', 'partition_archived', 'drop_partition',
            'drop_old_partitions', 'partition_name_indexes', 'tidy_partitioned')
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', made);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO erp_app', made);
    END LOOP;
END
$$;
