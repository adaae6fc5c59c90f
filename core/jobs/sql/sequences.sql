-- Beside its place among all events each has one among those of its tenant: `sequence`, from 1,
-- without gaps. What was placed before keeps its order.
-- Who places meanwhile waits here; with the function of before it is then refused by the check.
SELECT FROM jobs_outboxtail FOR UPDATE;
UPDATE jobs_outboxevent e SET sequence = n.sequence
FROM (
    SELECT id, row_number() OVER (PARTITION BY tenant_id ORDER BY position) AS sequence
    FROM jobs_outboxevent WHERE position IS NOT NULL
) n
WHERE e.id = n.id;
INSERT INTO jobs_tenanttail (tenant_id, sequence)
SELECT tenant_id, max(sequence) FROM jobs_outboxevent WHERE sequence IS NOT NULL GROUP BY tenant_id;

-- Give committed events their places, at most `batch` of them; returns the last position.
-- The row of the tail is the lock: whoever holds it commits before the next one looks, so
-- numbers become visible in their order, and what commits late, with an older id, comes last.
-- What became visible since the last call is numbered by the moment of its commit, where the
-- server notes that (track_commit_timestamp), and within a transaction, or where it does not,
-- by `written`.
CREATE OR REPLACE FUNCTION outbox_place(batch integer) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    reached bigint;
    placed bigint;
    notes_commits boolean := current_setting('track_commit_timestamp')::boolean;
BEGIN
    IF NOT EXISTS (SELECT FROM jobs_outboxevent WHERE position IS NULL) THEN
        RETURN (SELECT t.position FROM jobs_outboxtail t);
    END IF;
    SELECT t.position INTO STRICT reached FROM jobs_outboxtail t FOR UPDATE;
    WITH visible AS (
        SELECT e.id, e.tenant_id, e.written,
               CASE WHEN notes_commits THEN pg_xact_commit_timestamp(e.xmin) END AS committed
        FROM jobs_outboxevent e WHERE e.position IS NULL
    ), waiting AS (
        SELECT v.*, row_number() OVER (ORDER BY v.committed NULLS FIRST, v.written) AS number
        FROM visible v ORDER BY v.committed NULLS FIRST, v.written LIMIT batch
    ), tails AS (
        INSERT INTO jobs_tenanttail AS t (tenant_id, sequence)
        SELECT w.tenant_id, count(*) FROM waiting w GROUP BY w.tenant_id
        ON CONFLICT (tenant_id) DO UPDATE SET sequence = t.sequence + EXCLUDED.sequence
        RETURNING t.tenant_id, t.sequence
    ), numbered AS (
        SELECT w.id, w.number, t.sequence + 1
               - row_number() OVER (PARTITION BY w.tenant_id ORDER BY w.number DESC) AS sequence
        FROM waiting w JOIN tails t USING (tenant_id)
    )
    UPDATE jobs_outboxevent e SET position = reached + n.number, sequence = n.sequence
    FROM numbered n WHERE e.id = n.id;
    GET DIAGNOSTICS placed = ROW_COUNT;
    IF placed > 0 THEN
        UPDATE jobs_outboxtail t SET position = reached + placed;
    END IF;
    RETURN reached + placed;
END
$$;
