-- Views over PostgreSQL's own statistics, for the role erp_monitor alone. They show names, numbers and
-- the shape of statements: never a value, so never a tenant's data. Partitions are added up under their
-- table. Nobody else is granted them; each asks with the rights of whoever reads it.

-- Everything between the words of a statement that could be data: strings, numbers, ids, comments. Also
-- of text that was cut off in the middle of one. What follows a dollar-quoted string is masked with it.
CREATE FUNCTION monitor_masked(statement text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, public, pg_temp AS $body$
    SELECT btrim(regexp_replace(
        regexp_replace(
            -- Strings before names and numbers: what looks like one inside of them is none.
            replace(
                regexp_replace(
                    regexp_replace(
                        statement,
                        $re$("([^"]|"")*"|\y[eE]'([^'\\]|''|\\.)*('|$)|'([^']|'')*('|$)|\$[A-Za-z_]*\$.*)|/\*([^*]|\*+[^*/])*(\*+/|$)|--[^\n]*$re$,
                        '\1 ', 'g'),
                    $re$("([^"]|"")*")|\y[eE]'([^'\\]|''|\\.)*('|$)|'([^']|'')*('|$)|\$[A-Za-z_]*\$.*|"[^"]*$$re$,
                    '\1?', 'g'),
                '"?', '"'),
            '[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|(?<![\w$])\d[\w.]*', '?', 'g'),
        '\s+', ' ', 'g'))
$body$;

-- Whether there is anything to show, and since when it has been counted.
CREATE FUNCTION monitor_state(
    OUT statements text, OUT statements_since timestamptz, OUT tables_since timestamptz, OUT has_widths boolean
) LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $body$
DECLARE place text := (SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
                       WHERE e.extname = 'pg_stat_statements');
BEGIN
    statements := CASE
        WHEN current_setting('pg_stat_statements.max', true) IS NULL
            THEN 'not loaded: shared_preload_libraries lacks pg_stat_statements'
        WHEN place IS NULL
            THEN 'not created: this database lacks the extension pg_stat_statements'
        WHEN NOT pg_has_role('pg_read_all_stats', 'USAGE')
            THEN 'not readable: the role is no member of pg_read_all_stats'
        ELSE 'counted' END;
    IF statements = 'counted' THEN
        EXECUTE format('SELECT stats_reset FROM %I.pg_stat_statements_info', place) INTO statements_since;
    END IF;
    tables_since := coalesce(
        (SELECT stats_reset FROM pg_stat_database WHERE datname = current_database()),
        (SELECT min(stats_reset) FROM pg_stat_bgwriter));
    has_widths := has_column_privilege('pg_catalog.pg_statistic', 'stawidth', 'SELECT');
END
$body$;

-- The statements of this database; none where they are not counted. Not a view, so that it can be
-- made before the extension is, and outlives it.
CREATE FUNCTION monitor_statements() RETURNS TABLE (
    queryid bigint, role name, calls bigint, total_ms double precision, mean_ms double precision,
    max_ms double precision, rows_affected bigint, statement text, counted_since timestamptz
) LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $body$
BEGIN
    IF (monitor_state()).statements = 'counted' THEN
        RETURN QUERY EXECUTE format(
            'SELECT queryid, pg_get_userbyid(userid), calls, total_exec_time, mean_exec_time,'
            '       max_exec_time, rows, query, stats_since FROM %I.pg_stat_statements'
            ' WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())',
            (SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
             WHERE e.extname = 'pg_stat_statements'));
    END IF;
END
$body$;

-- How wide the columns are on average, in bytes; none where the role may not know.
CREATE FUNCTION monitor_widths() RETURNS TABLE (relid oid, attnum smallint, width double precision)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $body$
BEGIN
    IF (monitor_state()).has_widths THEN
        RETURN QUERY EXECUTE 'SELECT starelid, staattnum, stawidth * (1 - stanullfrac) '
            'FROM pg_statistic WHERE NOT stainherit';
    END IF;
END
$body$;

CREATE VIEW v_monitoring_state WITH (security_invoker = true) AS
SELECT statements, statements_since, tables_since, has_widths FROM monitor_state();

-- Statements that took over 100 ms on average or once, and the tables that they name. `share` is of the
-- time that all statements of this database took, in per cent.
CREATE VIEW v_slow_queries WITH (security_invoker = true) AS
SELECT s.queryid, s.role, s.calls, round(s.total_ms::numeric, 1) AS total_ms,
       round(s.mean_ms::numeric, 1) AS mean_ms, round(s.max_ms::numeric, 1) AS max_ms,
       s.rows_affected, round((100 * s.share)::numeric, 2) AS share, named.tables,
       left(masked.statement, 4000) AS statement, s.counted_since
FROM (SELECT *, coalesce(total_ms / nullif(sum(total_ms) OVER (), 0), 0) AS share FROM monitor_statements()) s
CROSS JOIN LATERAL (SELECT monitor_masked(left(s.statement, 20000)) AS statement OFFSET 0) masked
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(DISTINCT root.relname::text), '{}') AS tables
    FROM regexp_matches(lower(masked.statement), '[a-z_][a-z0-9_]*', 'g') AS word
    JOIN pg_class c ON c.relname = word[1] AND c.relkind IN ('r', 'p')
        AND c.relnamespace = 'public'::regnamespace
    JOIN pg_class root ON root.oid = coalesce(pg_partition_root(c.oid), c.oid)
) named
WHERE s.mean_ms >= 100 OR s.max_ms >= 100;

-- The same by table. A statement that names three tables counts for each of them.
CREATE VIEW v_slow_queries_by_table WITH (security_invoker = true) AS
SELECT named.table_name, count(*) AS statements, sum(s.calls)::bigint AS calls,
       sum(s.total_ms) AS total_ms, round(sum(s.total_ms) / sum(s.calls), 1) AS mean_ms,
       max(s.max_ms) AS max_ms, sum(s.rows_affected)::bigint AS rows_affected, sum(s.share) AS share
FROM v_slow_queries s CROSS JOIN LATERAL unnest(s.tables) AS named (table_name)
GROUP BY named.table_name;

-- How each table is read and written. Shares are in per cent; null where nothing was counted.
CREATE VIEW v_table_access_patterns WITH (security_invoker = true) AS
SELECT root.relname::text AS table_name, count(*) FILTER (WHERE c.relispartition) AS partitions,
       sum(s.seq_scan)::bigint AS seq_scans, sum(s.seq_tup_read)::bigint AS seq_rows_read,
       coalesce(sum(s.idx_scan), 0)::bigint AS index_scans,
       coalesce(sum(s.idx_tup_fetch), 0)::bigint AS index_rows_read,
       round(100 * coalesce(sum(s.idx_scan), 0)
             / nullif(sum(s.seq_scan) + coalesce(sum(s.idx_scan), 0), 0), 1) AS index_share,
       sum(s.n_tup_ins)::bigint AS inserted, sum(s.n_tup_upd)::bigint AS updated,
       sum(s.n_tup_hot_upd)::bigint AS updated_in_place,
       round(100 * sum(s.n_tup_hot_upd) / nullif(sum(s.n_tup_upd), 0), 1) AS in_place_share,
       sum(s.n_tup_del)::bigint AS deleted, sum(s.n_live_tup)::bigint AS live_rows,
       sum(s.n_dead_tup)::bigint AS dead_rows,
       round(100 * sum(s.n_dead_tup) / nullif(sum(s.n_live_tup) + sum(s.n_dead_tup), 0), 1) AS dead_share,
       sum(s.n_mod_since_analyze)::bigint AS changed_since_analyze,
       max(greatest(s.last_vacuum, s.last_autovacuum)) AS vacuumed_at,
       max(greatest(s.last_analyze, s.last_autoanalyze)) AS analyzed_at,
       round(100 * sum(coalesce(io.heap_blks_hit, 0) + coalesce(io.idx_blks_hit, 0))
             / nullif(sum(coalesce(io.heap_blks_hit, 0) + coalesce(io.idx_blks_hit, 0)
                          + coalesce(io.heap_blks_read, 0) + coalesce(io.idx_blks_read, 0)), 0), 2)
           AS cache_hit_share,
       sum(pg_table_size(c.oid))::bigint AS table_bytes, sum(pg_indexes_size(c.oid))::bigint AS index_bytes
FROM pg_class c
JOIN pg_class root ON root.oid = coalesce(pg_partition_root(c.oid), c.oid)
LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
LEFT JOIN pg_statio_user_tables io ON io.relid = c.oid
WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
GROUP BY root.oid, root.relname;

-- What each index is good for. `duplicate_of` and `covered_by` name the index that does its work as well;
-- an index is unused if nobody scanned it since `tables_since` of v_monitoring_state, it makes nothing
-- unique, and no foreign key is looked up by it alone. Bloat is estimated for B-trees, from the planner's
-- figures, and too low where many entries are alike: bytes beyond what the entries need.
CREATE VIEW v_index_use WITH (security_invoker = true) AS
WITH root AS MATERIALIZED (
    SELECT x.indexrelid, x.indrelid, i.relname::text AS index_name, am.amname::text AS method,
           x.indisunique OR x.indisexclusion AS is_unique, x.indisprimary AS is_primary,
           x.indisvalid AS is_valid, x.indnkeyatts AS size,
           (x.indkey::int2[])[0:x.indnkeyatts - 1] AS keys,
           coalesce((x.indkey::int2[])[x.indnkeyatts:x.indnatts - 1], '{}') AS extra,
           (x.indclass::oid[])[0:x.indnkeyatts - 1] AS classes,
           (x.indcollation::oid[])[0:x.indnkeyatts - 1] AS collations,
           (x.indoption::int2[])[0:x.indnkeyatts - 1] AS options,
           coalesce(pg_get_expr(x.indexprs, x.indrelid), '') AS expressions,
           coalesce(pg_get_expr(x.indpred, x.indrelid), '') AS predicate,
           EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x'))
               AS is_constraint
    FROM pg_index x
    JOIN pg_class i ON i.oid = x.indexrelid AND NOT i.relispartition
        AND i.relnamespace = 'public'::regnamespace
    JOIN pg_am am ON am.oid = i.relam
), serving AS MATERIALIZED (
    -- Indexes that begin with a foreign key's columns, in whatever order, and hold all its rows.
    SELECT k.oid AS key, r.indexrelid, r.is_unique
    FROM pg_constraint k JOIN root r ON r.indrelid = k.conrelid
    WHERE k.contype = 'f' AND r.keys[1:cardinality(k.conkey)] @> k.conkey
      AND (r.predicate = '' OR EXISTS (
          SELECT FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
          AND r.predicate = format('(%I IS NOT NULL)', a.attname)))
), leaf AS MATERIALIZED (
    SELECT coalesce(pg_partition_root(x.indexrelid), x.indexrelid) AS root, x.indrelid,
           coalesce(s.idx_scan, 0) AS scans, coalesce(s.idx_tup_read, 0) AS entries_read,
           s.last_idx_scan, pg_relation_size(x.indexrelid) AS bytes, i.relpages,
           CASE WHEN am.amname <> 'btree' OR i.reltuples < 0 THEN NULL
                WHEN i.reltuples = 0 THEN 1
                ELSE 1 + ceil(i.reltuples * (4 + 8 * ceil((8 + entry.width) / 8.0))
                     / ((current_setting('block_size')::int - 40)
                        * coalesce(substring(array_to_string(i.reloptions, ' ')
                                             FROM 'fillfactor=([0-9]+)')::int, 90) / 100.0)) END AS pages_needed
    FROM pg_index x
    JOIN pg_class i ON i.oid = x.indexrelid AND i.relkind = 'i' AND i.relnamespace = 'public'::regnamespace
    JOIN pg_am am ON am.oid = i.relam
    LEFT JOIN pg_stat_user_indexes s ON s.indexrelid = x.indexrelid
    LEFT JOIN (
        -- Of fixed width, or as the planner knows it; null as soon as one column's is not known.
        SELECT a.attrelid, CASE WHEN count(*) = count(w.width) + count(*) FILTER (WHERE a.attlen > 0 AND w.width IS NULL)
                           THEN sum(CASE WHEN a.attlen > 0 THEN a.attlen ELSE w.width END) END AS width
        FROM pg_attribute a
        JOIN pg_index y ON y.indexrelid = a.attrelid
        LEFT JOIN monitor_widths() w
            ON w.relid = CASE WHEN y.indkey[a.attnum - 1] = 0 THEN y.indexrelid ELSE y.indrelid END
            AND w.attnum = CASE WHEN y.indkey[a.attnum - 1] = 0 THEN a.attnum ELSE y.indkey[a.attnum - 1] END
        GROUP BY a.attrelid
    ) entry ON entry.attrelid = x.indexrelid
), used AS (
    SELECT root, count(*) AS pieces, sum(scans)::bigint AS scans, sum(entries_read)::bigint AS entries_read,
           max(last_idx_scan) AS scanned_at, sum(bytes)::bigint AS bytes,
           -- GREATEST would take what is not known for nothing.
           (sum(CASE WHEN relpages > pages_needed THEN relpages - pages_needed WHEN pages_needed > 0 THEN 0 END)
            * current_setting('block_size')::int)::bigint AS bloat_bytes
    FROM leaf GROUP BY root
), judged AS (
    SELECT t.relname::text AS table_name, r.index_name, r.method, r.is_unique, r.is_valid, r.indexrelid,
           same.index_name AS duplicate_of, longer.index_name AS covered_by,
           coalesce(u.scans, 0) AS scans, coalesce(u.entries_read, 0) AS entries_read, u.scanned_at,
           coalesce(u.bytes, 0) AS bytes, u.bloat_bytes, coalesce(u.pieces, 0) AS pieces,
           round(100.0 * u.bloat_bytes / nullif(u.bytes, 0), 1) AS bloat_share,
           EXISTS (SELECT FROM serving f WHERE f.indexrelid = r.indexrelid AND NOT EXISTS (
               SELECT FROM serving better WHERE better.key = f.key AND better.is_unique)) AS serves_foreign_key
    FROM root r
    JOIN pg_class c ON c.oid = r.indrelid
    JOIN pg_class t ON t.oid = coalesce(pg_partition_root(c.oid), c.oid)
    LEFT JOIN used u ON u.root = r.indexrelid
    LEFT JOIN LATERAL (
        SELECT o.index_name FROM root o
        WHERE o.indrelid = r.indrelid AND o.indexrelid <> r.indexrelid AND o.is_valid AND o.method = r.method
          AND (o.keys, o.extra, o.classes, o.collations, o.options, o.expressions, o.predicate)
            = (r.keys, r.extra, r.classes, r.collations, r.options, r.expressions, r.predicate)
          AND (o.is_primary, o.is_unique, o.is_constraint, -o.indexrelid::bigint)
            > (r.is_primary, r.is_unique, r.is_constraint, -r.indexrelid::bigint)
        ORDER BY o.is_primary DESC, o.is_unique DESC, o.indexrelid LIMIT 1
    ) same ON true
    LEFT JOIN LATERAL (
        SELECT o.index_name FROM root o
        WHERE o.indrelid = r.indrelid AND o.indexrelid <> r.indexrelid AND o.is_valid
          AND NOT r.is_unique AND o.method = 'btree' AND r.method = 'btree'
          AND NOT 0 = ANY (r.keys) AND o.predicate = r.predicate
          AND (o.keys[1:r.size], o.classes[1:r.size], o.collations[1:r.size], o.options[1:r.size])
            = (r.keys, r.classes, r.collations, r.options)
          AND (o.keys || o.extra) @> r.extra
          AND (o.size > r.size OR o.extra @> r.extra AND o.extra <> r.extra)
        ORDER BY o.size, o.indexrelid LIMIT 1
    ) longer ON same.index_name IS NULL
)
SELECT table_name, index_name, pg_get_indexdef(indexrelid) AS definition, method, pieces, bytes, scans,
       entries_read, scanned_at, is_unique, serves_foreign_key, duplicate_of, covered_by,
       scans = 0 AND is_valid AND NOT is_unique AND NOT serves_foreign_key AS is_unused,
       bloat_bytes, bloat_share, coalesce(bloat_bytes >= 1048576 AND bloat_share >= 40, false) AS is_bloated,
       is_valid
FROM judged;

-- Each month of each partitioned table. `months_ahead` is how many months after this one the table has
-- without a gap; -1 where this month itself is missing. `month` is null where the bound is no UUID.
CREATE VIEW v_partitions WITH (security_invoker = true) AS
WITH found AS (
    SELECT parent.oid AS parent, parent.relname::text AS table_name, c.oid, c.relname::text AS partition,
           substring(b.bounds FROM $re$FROM \('([0-9a-f-]{36})'\)$re$)::uuid AS low,
           substring(b.bounds FROM $re$TO \('([0-9a-f-]{36})'\)$re$)::uuid AS high,
           c.reltuples
    FROM pg_inherits i
    JOIN pg_class c ON c.oid = i.inhrelid AND c.relkind IN ('r', 'p')
    JOIN pg_class parent ON parent.oid = i.inhparent AND parent.relkind = 'p'
        AND parent.relnamespace = 'public'::regnamespace
    CROSS JOIN LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid) AS bounds) b
), dated AS (
    -- A bound is the smallest UUIDv7 of its month: 48 bits of milliseconds.
    SELECT *, (to_timestamp(('x' || left(replace(low::text, '-', ''), 12))::bit(48)::bigint / 1000.0)
               AT TIME ZONE 'UTC')::date AS month
    FROM found
), this AS (
    SELECT date_trunc('month', now() AT TIME ZONE 'UTC')::date AS month
), ahead AS (
    SELECT parent, count(*) FILTER (WHERE month = (this_month + (nth - 1) * interval '1 month')::date) - 1 AS months
    FROM (SELECT d.parent, d.month, this.month AS this_month,
                 row_number() OVER (PARTITION BY d.parent ORDER BY d.month) AS nth
          FROM dated d, this WHERE d.month >= this.month) later
    GROUP BY parent
)
SELECT d.table_name, d.partition, d.month, d.low, d.high,
       greatest(d.reltuples, 0)::bigint AS rows_estimated, pg_table_size(d.oid) AS table_bytes,
       pg_indexes_size(d.oid) AS index_bytes, greatest(s.last_analyze, s.last_autoanalyze) AS analyzed_at,
       d.month = this.month AS is_this_month, coalesce(a.months, -1) AS months_ahead
FROM dated d CROSS JOIN this
LEFT JOIN ahead a ON a.parent = d.parent
LEFT JOIN pg_stat_user_tables s ON s.relid = d.oid;

-- Who waits for whom at this moment, one row for each waiting session. `blockers` are all sessions in its
-- way; `blocker` is the one that counts, the first that does not itself wait, and `chain` leads from the
-- waiting one to the last of them.
CREATE VIEW v_locks WITH (security_invoker = true) AS
WITH RECURSIVE lock AS MATERIALIZED (
    SELECT pid, locktype, mode, relation, granted, waitstart FROM pg_locks
), session AS MATERIALIZED (
    SELECT a.pid, a.usename AS role, left(a.application_name, 64) AS application, a.state,
           a.wait_event_type = 'Lock' AS is_waiting, a.xact_start, a.query_start,
           a.query, a.datname
    FROM pg_stat_activity a
    WHERE EXISTS (SELECT FROM lock l WHERE l.pid = a.pid)
), waiting AS MATERIALIZED (
    SELECT s.pid, ARRAY(SELECT DISTINCT b FROM unnest(pg_blocking_pids(s.pid)) b ORDER BY b) AS blockers
    FROM session s WHERE s.is_waiting AND s.datname = current_database()
), edge AS MATERIALIZED (
    SELECT w.pid, w.blockers,
           (SELECT b.pid FROM unnest(w.blockers) AS b (pid) LEFT JOIN session s USING (pid)
            ORDER BY coalesce(s.is_waiting, false), s.xact_start NULLS LAST, b.pid LIMIT 1) AS blocker
    FROM waiting w WHERE cardinality(w.blockers) > 0
), walk AS (
    SELECT pid, ARRAY[pid, blocker] AS chain, blocker AS last FROM edge
    UNION ALL
    SELECT walk.pid, walk.chain || e.blocker, e.blocker FROM walk JOIN edge e ON e.pid = walk.last
    WHERE e.blocker <> ALL (walk.chain) AND cardinality(walk.chain) < 50
), longest AS (
    SELECT DISTINCT ON (pid) pid, chain FROM walk ORDER BY pid, cardinality(chain) DESC
)
SELECT e.pid, me.application, me.role,
       round(extract(epoch FROM clock_timestamp() - coalesce(l.waitstart, me.query_start)), 1) AS waiting_seconds,
       l.locktype AS lock_type, l.mode AS lock_mode,
       -- Who waits for a row waits for the transaction that changed it, and holds the row's place.
       coalesce(l.relation, (SELECT t.relation FROM lock t WHERE t.pid = e.pid AND t.granted
                             AND t.locktype = 'tuple' LIMIT 1))::regclass::text AS relation,
       left(monitor_masked(me.query), 1000) AS statement, e.blockers, longest.chain, e.blocker, other.application AS blocker_application,
       other.role AS blocker_role, other.state AS blocker_state,
       round(extract(epoch FROM clock_timestamp() - other.xact_start), 1) AS blocker_transaction_seconds,
       left(monitor_masked(other.query), 1000) AS blocker_statement
FROM edge e
JOIN session me ON me.pid = e.pid
JOIN longest ON longest.pid = e.pid
LEFT JOIN session other ON other.pid = e.blocker
LEFT JOIN LATERAL (SELECT * FROM lock WHERE lock.pid = e.pid AND NOT lock.granted
                   ORDER BY waitstart LIMIT 1) l ON true;

REVOKE ALL ON FUNCTION monitor_masked(text), monitor_state(), monitor_statements(), monitor_widths() FROM PUBLIC;
-- Where the role is not made yet, deploy/sql/database.sql grants the same once it is.
DO $body$
DECLARE statement text;
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'erp_monitor') THEN
        FOR statement IN
            SELECT format('GRANT SELECT ON %I TO erp_monitor', relname) FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind = 'v' AND relname ~ '^v_'
            UNION ALL
            SELECT format('GRANT EXECUTE ON FUNCTION %s TO erp_monitor', oid::regprocedure) FROM pg_proc
            WHERE pronamespace = 'public'::regnamespace AND proname ~ '^monitor_'
        LOOP
            EXECUTE statement;
        END LOOP;
    END IF;
END
$body$;
