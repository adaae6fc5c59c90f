CREATE OR REPLACE FUNCTION outbox_place(batch integer) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    reached bigint;
    placed bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM jobs_outboxevent WHERE position IS NULL) THEN
        RETURN (SELECT t.position FROM jobs_outboxtail t);
    END IF;
    SELECT t.position INTO STRICT reached FROM jobs_outboxtail t FOR UPDATE;
    WITH waiting AS (
        SELECT e.id, e.written FROM jobs_outboxevent e
        WHERE e.position IS NULL ORDER BY e.written LIMIT batch
    ), numbered AS (
        SELECT w.id, row_number() OVER (ORDER BY w.written) AS number FROM waiting w
    )
    UPDATE jobs_outboxevent e SET position = reached + n.number
    FROM numbered n WHERE e.id = n.id;
    GET DIAGNOSTICS placed = ROW_COUNT;
    IF placed > 0 THEN
        UPDATE jobs_outboxtail t SET position = reached + placed;
    END IF;
    RETURN reached + placed;
END
$$;
