-- The order in which events became visible: gapless, and never filled in behind a reader.
-- `written` is drawn when the row is inserted, from one sequence of the database: of two
-- transactions that excluded each other by a lock, the first has the smaller number, whatever
-- the clocks of their machines said. Writers pay for this column and its small index only.
ALTER TABLE jobs_outboxevent ADD COLUMN written bigint GENERATED ALWAYS AS IDENTITY;
CREATE INDEX jobs_outbox_unplaced ON jobs_outboxevent (written) WHERE position IS NULL;
INSERT INTO jobs_outboxtail (id, position, purged) VALUES (1, 0, 0);

-- Give committed events their positions, at most `batch` of them; returns the last position.
-- The row of the tail is the lock: whoever holds it commits before the next one looks, so
-- positions become visible in their order. What commits late, with an older id, comes last.
CREATE FUNCTION outbox_place(batch integer) RETURNS bigint
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
GRANT EXECUTE ON FUNCTION outbox_place(integer) TO erp_app;
