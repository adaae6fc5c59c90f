-- Write a job and its ticket in one statement under the lock of this tenant and queue, so the
-- count is exact. `existing`: the job that has this effect key already, if any; `waiting`: how
-- many waited before it, NULL where the line is full.
CREATE OR REPLACE FUNCTION job_enqueue(
    tenant uuid, job uuid, task text, in_queue smallint, arguments jsonb, key text,
    actor uuid, request text, moment timestamptz, not_before timestamptz, until timestamptz,
    every integer, cap integer, OUT existing uuid, OUT waiting integer
)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    line bigint := hashtextextended(tenant::text, in_queue);
    is_new boolean;
BEGIN
    IF NOT pg_try_advisory_xact_lock(line) THEN
        SELECT count(*) INTO waiting FROM jobs_jobticket t
        WHERE t.tenant_id = tenant AND t.queue = in_queue AND t.worker IS NULL;
        IF waiting < cap THEN  -- nobody needs to wait in order to hear no
            PERFORM pg_advisory_xact_lock(line);
        END IF;
    END IF;
    WITH his AS (
        SELECT count(*) AS count, max(t.turn) AS last FROM jobs_jobticket t
        WHERE t.tenant_id = tenant AND t.queue = in_queue AND t.worker IS NULL
    ), added AS (
        INSERT INTO jobs_job (id, tenant_id, task, queue, arguments, effect_key, actor_id,
                              request_id, created_at, run_at, expires_at, every_seconds)
        SELECT job, tenant, task, in_queue, arguments, key, actor, request, moment, not_before,
               until, every
        FROM his WHERE his.count < cap
        ON CONFLICT (tenant_id, effect_key) DO NOTHING
        RETURNING id
    ), placed AS (
        INSERT INTO jobs_jobticket (job_id, tenant_id, queue, turn, run_at, expires_at)
        SELECT added.id, tenant, in_queue,
               CASE WHEN not_before <= clock_timestamp() THEN
                   greatest(his.last + 1, coalesce((  -- as job_turn says
                       SELECT t.turn FROM jobs_jobticket t
                       WHERE t.worker IS NULL AND t.turn IS NOT NULL ORDER BY t.turn LIMIT 1), 0))
               END,
               not_before, until
        FROM added CROSS JOIN his
    )
    SELECT his.count, EXISTS (SELECT FROM added) INTO waiting, is_new FROM his;
    IF NOT is_new THEN
        SELECT j.id INTO existing FROM jobs_job j
        WHERE j.tenant_id = tenant AND j.effect_key = key;
        waiting := NULL;
    END IF;
END
$$;
