-- A line of jobs is short and turns over fast: dead rows at its head are in everybody's way.
ALTER TABLE jobs_jobticket SET (
    fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500,
    autovacuum_vacuum_cost_delay = 0
);

-- Where a tenant's next job stands: level with the head of the line, or behind his own last.
CREATE FUNCTION job_turn(his_last bigint) RETURNS bigint
LANGUAGE sql VOLATILE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT greatest(his_last + 1, coalesce((
        SELECT t.turn FROM jobs_jobticket t
        WHERE t.worker IS NULL AND t.turn IS NOT NULL ORDER BY t.turn LIMIT 1), 0))
$$;

-- Let a job into its tenant's line; how many waited before it, or NULL where the line is full.
-- Whoever comes at once waits for the lock of this tenant and queue, so the count is exact.
CREATE FUNCTION job_admit(
    tenant uuid, job uuid, in_queue smallint, not_before timestamptz, until timestamptz,
    cap integer
) RETURNS integer
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    line bigint := hashtextextended(tenant::text, in_queue);
    waiting integer;
    his_last bigint;
BEGIN
    IF NOT pg_try_advisory_xact_lock(line) THEN
        SELECT count(*) INTO waiting FROM jobs_jobticket t
        WHERE t.tenant_id = tenant AND t.queue = in_queue AND t.worker IS NULL;
        IF waiting >= cap THEN
            RETURN NULL;  -- nobody needs to wait in order to hear no
        END IF;
        PERFORM pg_advisory_xact_lock(line);
    END IF;
    SELECT count(*), max(t.turn) INTO waiting, his_last FROM jobs_jobticket t
    WHERE t.tenant_id = tenant AND t.queue = in_queue AND t.worker IS NULL;
    IF waiting >= cap THEN
        RETURN NULL;
    END IF;
    INSERT INTO jobs_jobticket (job_id, tenant_id, queue, turn, run_at, expires_at)
    VALUES (job, tenant, in_queue,
        CASE WHEN not_before <= clock_timestamp() THEN job_turn(his_last) END,
        not_before, until);
    RETURN waiting;
END
$$;

-- Write a job and its ticket. `existing`: the job that has this effect key already, if any;
-- `waiting`: as job_admit says.
CREATE FUNCTION job_enqueue(
    tenant uuid, job uuid, task text, in_queue smallint, arguments jsonb, key text,
    actor uuid, request text, moment timestamptz, not_before timestamptz, until timestamptz,
    every integer, cap integer, OUT existing uuid, OUT waiting integer
)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO jobs_job (id, tenant_id, task, queue, arguments, effect_key, actor_id,
                          request_id, created_at, run_at, expires_at, every_seconds)
    VALUES (job, tenant, task, in_queue, arguments, key, actor, request, moment, not_before,
            until, every)
    ON CONFLICT (tenant_id, effect_key) DO NOTHING;
    IF NOT FOUND THEN
        SELECT j.id INTO existing FROM jobs_job j
        WHERE j.tenant_id = tenant AND j.effect_key = key;
        RETURN;
    END IF;
    waiting := job_admit(tenant, job, in_queue, not_before, until, cap);
    IF waiting IS NULL THEN  -- else who goes on after the refusal would leave it without a ticket
        DELETE FROM jobs_job j WHERE j.tenant_id = tenant AND j.id = job;
    END IF;
END
$$;

-- Take the best ticket of these queues for one attempt, and tell what is to be done.
-- The transaction becomes the job's tenant's. Its commit waits for no disk: a claim that is
-- lost with the server was not held by anybody afterwards.
CREATE FUNCTION job_claim(claimer text, of_queues smallint[], lease interval)
RETURNS SETOF jobs_job
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    taken jobs_jobticket;
BEGIN
    UPDATE jobs_jobticket t
    SET worker = claimer, lease_until = clock_timestamp() + lease, attempt = t.attempt + 1
    WHERE t.job_id = (
        SELECT n.job_id FROM jobs_jobticket n
        WHERE n.worker IS NULL AND n.turn IS NOT NULL AND n.queue = ANY (of_queues)
          AND (n.expires_at IS NULL OR n.expires_at > clock_timestamp())
        ORDER BY n.turn, n.queue, n.job_id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING t.* INTO taken;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    EXECUTE format('SET LOCAL app.tenant_id = %L', taken.tenant_id);
    SET LOCAL synchronous_commit = off;
    RETURN QUERY
    UPDATE jobs_job j
    SET state = 'running', attempts = taken.attempt, started_at = clock_timestamp(), progress = 0
    WHERE j.tenant_id = taken.tenant_id AND j.id = taken.job_id
    RETURNING j.*;
END
$$;

-- Give a turn to jobs whose time has come, at most `batch`; how many.
CREATE FUNCTION job_promote(batch integer) RETURNS integer
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    promoted integer;
BEGIN
    WITH due AS (
        SELECT t.job_id, t.tenant_id, t.queue, t.run_at FROM jobs_jobticket t
        WHERE t.worker IS NULL AND t.turn IS NULL AND t.run_at <= clock_timestamp()
        ORDER BY t.run_at LIMIT batch FOR UPDATE SKIP LOCKED
    ), placed AS (
        SELECT d.job_id, h.turn + row_number() OVER (
            PARTITION BY d.tenant_id, d.queue ORDER BY d.run_at, d.job_id) - 1 AS turn
        FROM due d CROSS JOIN LATERAL (
            SELECT job_turn(max(t.turn)) AS turn FROM jobs_jobticket t
            WHERE t.tenant_id = d.tenant_id AND t.queue = d.queue AND t.worker IS NULL) h
    )
    UPDATE jobs_jobticket t SET turn = p.turn FROM placed p WHERE t.job_id = p.job_id;
    GET DIAGNOSTICS promoted = ROW_COUNT;
    RETURN promoted;
END
$$;
GRANT EXECUTE ON FUNCTION job_turn(bigint) TO erp_app;
GRANT EXECUTE ON FUNCTION job_admit(
    uuid, uuid, smallint, timestamptz, timestamptz, integer) TO erp_app;
GRANT EXECUTE ON FUNCTION job_enqueue(uuid, uuid, text, smallint, jsonb, text, uuid, text,
    timestamptz, timestamptz, timestamptz, integer, integer) TO erp_app;
GRANT EXECUTE ON FUNCTION job_claim(text, smallint[], interval) TO erp_app;
GRANT EXECUTE ON FUNCTION job_promote(integer) TO erp_app;
