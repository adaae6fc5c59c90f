-- Write a job and its ticket, if there is room; how many waited before it. Nothing is written, and
-- the answer is NULL, where the line is full or a job has this effect key already. Without a
-- key it is the job's own, without a time now.
-- The count is exact under the lock of this tenant and queue. Where somebody else holds that, it
-- is counted before waiting for it: nobody needs to wait in order to hear no.
CREATE FUNCTION job_place(
    tenant uuid, job uuid, task text, in_queue smallint, arguments jsonb, key text,
    actor uuid, request text, moment timestamptz, not_before timestamptz, until timestamptz,
    every integer, cap integer
) RETURNS integer
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    line bigint := hashtextextended(tenant::text, in_queue);
    is_locked boolean := pg_try_advisory_xact_lock(line);
    due timestamptz := coalesce(not_before, moment);
    waiting integer;
    his_last bigint;
BEGIN
    SELECT count(*), max(t.turn) INTO waiting, his_last FROM jobs_jobticket t
    WHERE t.tenant_id = tenant AND t.queue = in_queue AND t.worker IS NULL;
    IF waiting < cap AND NOT is_locked THEN
        PERFORM pg_advisory_xact_lock(line);
        SELECT count(*), max(t.turn) INTO waiting, his_last FROM jobs_jobticket t
        WHERE t.tenant_id = tenant AND t.queue = in_queue AND t.worker IS NULL;
    END IF;
    IF waiting >= cap THEN
        RETURN NULL;
    END IF;
    IF key IS NULL THEN  -- which is new, so nobody needs to look
        INSERT INTO jobs_job (id, tenant_id, task, queue, arguments, effect_key, actor_id,
                              request_id, created_at, run_at, expires_at, every_seconds)
        VALUES (job, tenant, task, in_queue, arguments, job::text, actor, request,
                moment, due, until, every);
    ELSE
        INSERT INTO jobs_job (id, tenant_id, task, queue, arguments, effect_key, actor_id,
                              request_id, created_at, run_at, expires_at, every_seconds)
        VALUES (job, tenant, task, in_queue, arguments, key, actor, request,
                moment, due, until, every)
        ON CONFLICT (tenant_id, effect_key) DO NOTHING;
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
    END IF;
    -- The turn is what job_turn says, written out: the call costs a tenth of it all.
    INSERT INTO jobs_jobticket (job_id, tenant_id, queue, turn, run_at, expires_at)
    VALUES (job, tenant, in_queue, CASE WHEN due <= clock_timestamp() THEN greatest(
        his_last + 1, (
            SELECT h.turn FROM jobs_jobticket h
            WHERE h.worker IS NULL AND h.turn IS NOT NULL ORDER BY h.turn LIMIT 1), 0)
        END, due, until);
    RETURN waiting;
END
$$;
GRANT EXECUTE ON FUNCTION job_place(uuid, uuid, text, smallint, jsonb, text, uuid, text,
    timestamptz, timestamptz, timestamptz, integer, integer) TO erp_app;
