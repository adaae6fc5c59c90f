-- Write a job and its ticket. `existing`: the job that has this effect key already, if any;
-- `waiting`: as job_admit says.
CREATE OR REPLACE FUNCTION job_enqueue(
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
