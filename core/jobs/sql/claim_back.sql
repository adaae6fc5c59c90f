-- Take the best ticket of these queues for one attempt, and tell what is to be done.
-- The transaction becomes the job's tenant's. Its commit waits for no disk: a claim that is
-- lost with the server was not held by anybody afterwards.
CREATE OR REPLACE FUNCTION job_claim(claimer text, of_queues smallint[], lease interval)
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
