-- The ledger's invariants, held by PostgreSQL whoever writes: API, import or psql. This file says
-- how things are; migrations run it again after it was changed.
--
-- A journal is posted in the statement that inserts it with its lines, or inserted as draft and
-- posted by one UPDATE. From then on neither it nor its lines change. All triggers are immediate, and
-- none looks at a temporary table that calls itself accounting_journalline. Their
-- queries look up keys, so one plan serves all calls: planning took ten times the work.

-- A posted journal is never touched again.
CREATE OR REPLACE FUNCTION accounting_journal_guard() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    IF OLD.state = 'posted' THEN
        RAISE EXCEPTION 'journal % is posted and cannot be changed', OLD.number
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'accounting_journal_immutable';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER accounting_journal_guard
BEFORE UPDATE OR DELETE ON accounting_journal
FOR EACH ROW EXECUTE FUNCTION accounting_journal_guard();

-- Posting: exactly zero, on the journal's own day, under the next number of its series, and into
-- the sums per account.
--
-- A concurrent insert of a line holds the journal FOR SHARE (see below), so this
-- UPDATE waited for it; READ COMMITTED then shows its lines to the query here.
-- Under an older snapshot they would be missed, so that is refused.
CREATE OR REPLACE FUNCTION accounting_journal_posted() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    posting record;
    faulty record;
BEGIN
    -- One tenant and a series or two in all practice. Ids as an array, because a join with
    -- `changed` is planned blindly and may read the whole ledger.
    FOR posting IN
        SELECT tenant_id, series_id, array_agg(id) AS ids, count(*)::integer AS numbers,
            min(sequence) AS first_number, max(sequence) AS last_number
        FROM changed WHERE state = 'posted'
        GROUP BY tenant_id, series_id ORDER BY tenant_id, series_id
    LOOP
        IF current_setting('transaction_isolation') <> 'read committed' THEN
            RAISE EXCEPTION 'journals are posted under READ COMMITTED'
                USING ERRCODE = 'integrity_constraint_violation',
                      CONSTRAINT = 'accounting_journal_isolation';
        END IF;

        -- Every posted row in `changed` is new or was a draft before: the guard saw to it.
        SELECT j.id, coalesce(sum(l.amount), 0) AS difference, count(l.id) AS lines INTO faulty
        FROM accounting_journal j
        LEFT JOIN accounting_journalline l ON l.tenant_id = j.tenant_id AND l.journal_id = j.id
        WHERE j.tenant_id = posting.tenant_id AND j.id = ANY (posting.ids)
        GROUP BY j.id, j.effective_on
        HAVING coalesce(sum(l.amount), 0) <> 0
            OR count(l.id) = 0
            OR bool_or(l.effective_on <> j.effective_on)
        LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'journal % has % lines, which differ by %',
                    faulty.id, faulty.lines, faulty.difference
                USING ERRCODE = 'integrity_constraint_violation',
                      CONSTRAINT = 'accounting_journal_balanced';
        END IF;

        -- The numbers are the next ones of their series, without a gap. Who posts has locked it.
        UPDATE accounting_series
            SET next_number = next_number + posting.numbers
            WHERE tenant_id = posting.tenant_id AND id = posting.series_id
                AND next_number = posting.first_number
                AND posting.last_number = posting.first_number + posting.numbers - 1;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'numbers % to % are not the next % of their series',
                    posting.first_number, posting.last_number, posting.numbers
                USING ERRCODE = 'integrity_constraint_violation',
                      CONSTRAINT = 'accounting_series_gapless';
        END IF;

        -- In the order of the key, so that two postings never wait for each other in a circle.
        INSERT INTO accounting_accountday AS day
            (tenant_id, id, account_id, effective_on, debit, credit)
        SELECT l.tenant_id,
               md5(l.account_id::text || l.effective_on::text)::uuid,
               l.account_id, l.effective_on,
               sum(greatest(l.amount, 0)), sum(greatest(-l.amount, 0))
        FROM accounting_journalline l
        WHERE l.tenant_id = posting.tenant_id AND l.journal_id = ANY (posting.ids)
        GROUP BY l.tenant_id, l.account_id, l.effective_on
        ORDER BY l.tenant_id, l.account_id, l.effective_on
        ON CONFLICT (tenant_id, account_id, effective_on) DO UPDATE
            SET debit = day.debit + EXCLUDED.debit, credit = day.credit + EXCLUDED.credit;

        INSERT INTO accounting_accountmonth AS month
            (tenant_id, id, account_id, starts_on, debit, credit)
        SELECT l.tenant_id,
               md5(l.account_id::text || to_char(l.effective_on, 'YYYY-MM'))::uuid,
               l.account_id, date_trunc('month', l.effective_on)::date,
               sum(greatest(l.amount, 0)), sum(greatest(-l.amount, 0))
        FROM accounting_journalline l
        WHERE l.tenant_id = posting.tenant_id AND l.journal_id = ANY (posting.ids)
        GROUP BY 1, 2, 3, 4
        ORDER BY 1, 3, 4
        ON CONFLICT (tenant_id, account_id, starts_on) DO UPDATE
            SET debit = month.debit + EXCLUDED.debit, credit = month.credit + EXCLUDED.credit;
    END LOOP;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER accounting_journal_born
AFTER INSERT ON accounting_journal
REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION accounting_journal_posted();

CREATE OR REPLACE TRIGGER accounting_journal_posted
AFTER UPDATE ON accounting_journal
REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION accounting_journal_posted();

-- Lines come and go with their draft only, or come with the journal in the statement that inserts or
-- posts it: rows of one transaction and command, of which the trigger above sees all when the
-- statement is over. FOR SHARE makes a concurrent posting wait.
CREATE OR REPLACE FUNCTION accounting_journalline_guard() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    touched record;
    posted_number text;
    ours boolean;
    together boolean;
BEGIN
    FOR touched IN
        SELECT DISTINCT ON (tenant_id, journal_id) tenant_id, journal_id, id FROM changed
        ORDER BY tenant_id, journal_id
    LOOP
        SELECT j.number, j.xmin = pg_current_xact_id()::xid,
            l.xmin = j.xmin AND l.cmin = j.cmin
        INTO posted_number, ours, together
        FROM accounting_journal j
        LEFT JOIN accounting_journalline l ON l.tenant_id = j.tenant_id AND l.id = touched.id
        WHERE j.tenant_id = touched.tenant_id AND j.id = touched.journal_id;
        CONTINUE WHEN together;
        -- Nobody else can post what this transaction made and has not committed.
        IF NOT ours THEN
            SELECT number INTO posted_number
            FROM accounting_journal
            WHERE tenant_id = touched.tenant_id AND id = touched.journal_id
            FOR SHARE;
        END IF;
        -- Only a posted journal has a number (accounting_journal_numbered).
        IF posted_number IS NOT NULL THEN
            RAISE EXCEPTION 'journal % is posted; its lines cannot be changed', posted_number
                USING ERRCODE = 'integrity_constraint_violation',
                      CONSTRAINT = 'accounting_journal_immutable';
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER accounting_journalline_inserted
AFTER INSERT ON accounting_journalline
REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION accounting_journalline_guard();

CREATE OR REPLACE TRIGGER accounting_journalline_deleted
AFTER DELETE ON accounting_journalline
REFERENCING OLD TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION accounting_journalline_guard();

-- Append-only for everybody, owner included: a draft's lines are replaced, not changed.
CREATE OR REPLACE FUNCTION accounting_refuse() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RAISE EXCEPTION '% rows are never changed', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation',
              CONSTRAINT = 'accounting_append_only';
END
$$;

CREATE OR REPLACE TRIGGER accounting_journalline_refuse
BEFORE UPDATE ON accounting_journalline
FOR EACH ROW EXECUTE FUNCTION accounting_refuse();

CREATE OR REPLACE TRIGGER accounting_journalline_truncate
BEFORE TRUNCATE ON accounting_journalline
FOR EACH STATEMENT EXECUTE FUNCTION accounting_refuse();

CREATE OR REPLACE TRIGGER accounting_journal_truncate
BEFORE TRUNCATE ON accounting_journal
FOR EACH STATEMENT EXECUTE FUNCTION accounting_refuse();

-- Numbers and the sums per account are the posting trigger's alone.
CREATE OR REPLACE TRIGGER accounting_series_refuse
BEFORE UPDATE OR DELETE OR TRUNCATE ON accounting_series
FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION accounting_refuse();

CREATE OR REPLACE TRIGGER accounting_accountday_refuse
BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON accounting_accountday
FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION accounting_refuse();

CREATE OR REPLACE TRIGGER accounting_accountmonth_refuse
BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON accounting_accountmonth
FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION accounting_refuse();
