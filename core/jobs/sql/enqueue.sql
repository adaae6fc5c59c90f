-- Write a job and its ticket, if there is room; `waiting`: how many waited before it. Nothing
-- is written, and `waiting` is NULL, where the line is full or a job has this effect key
-- already; `existing` is that job. Without a key it is the job's own, without a time now.
-- The count is exact under the lock of this tenant and queue. Where somebody else holds that, it
-- is counted before waiting for it: nobody needs to wait in order to hear no.
CREATE OR REPLACE FUNCTION job_enqueue(
    tenant uuid, job uuid, task text, in_queue smallint, arguments jsonb, key text,
    actor uuid, request text, moment timestamptz, not_before timestamptz, until timestamptz,
    every integer, cap integer, OUT existing uuid, OUT waiting integer
)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    line bigint := hashtextextended(tenant::text, in_queue);
    is_locked boolean := pg_try_advisory_xact_lock(line);
    due timestamptz := coalesce(not_before, moment);
    his_last bigint;
BEGIN
    SELECT count(*), max(t.turn) INTO waiting, his_last FROM jobs_jobticket t
    WHERE t.tenant_id = tenant AND t.queue = in_queue AND t.worker IS NULL;
    IF waiting < cap AND NOT is_locked THEN
        PERFORM pg_advisory_xact_lock(line);
        SELECT count(*), max(t.turn) INTO waiting, his_last FROM jobs_jobticket t
        WHERE t.tenant_id = tenant AND t.queue = in_queue AND t.worker IS NULL;
    END IF;
    IF waiting < cap THEN
        INSERT INTO jobs_job (id, tenant_id, task, queue, arguments, effect_key, actor_id,
                              request_id, created_at, run_at, expires_at, every_seconds)
        VALUES (job, tenant, task, in_queue, arguments, coalesce(key, job::text), actor, request,
                moment, due, until, every)
        ON CONFLICT (tenant_id, effect_key) DO NOTHING;
        IF FOUND THEN
            -- The turn is what job_turn says, written out: the call costs a tenth of it all.
            INSERT INTO jobs_jobticket (job_id, tenant_id, queue, turn, run_at, expires_at)
            VALUES (job, tenant, in_queue, CASE WHEN due <= clock_timestamp() THEN greatest(
                his_last + 1, (
                    SELECT h.turn FROM jobs_jobticket h
                    WHERE h.worker IS NULL AND h.turn IS NOT NULL ORDER BY h.turn LIMIT 1), 0)
                END, due, until);
            RETURN;
        END IF;
    END IF;
    waiting := NULL;
    IF key IS NOT NULL THEN
        SELECT j.id INTO existing FROM jobs_job j
        WHERE j.tenant_id = tenant AND j.effect_key = key;
    END IF;
END
$$;
