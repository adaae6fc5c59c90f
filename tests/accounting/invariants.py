"""What must be true of a company's books at any moment, asked of the tables themselves."""

from datetime import date
from decimal import Decimal

from accounting.selectors.reports import aged_balances, trial_balance
from tests.accounting.books import Books
from tests.core.raw import Connection, one, raw, rows

LAST_DAY = date(2199, 12, 31)

#: Each finds rows that contradict an invariant.
CONTRADICTIONS = {
    "a posted journal does not sum to zero": """
        SELECT l.journal_id, sum(l.amount) FROM accounting_journalline l
        JOIN accounting_journal j ON j.tenant_id = l.tenant_id AND j.id = l.journal_id
        WHERE j.state = 'posted' GROUP BY l.journal_id HAVING sum(l.amount) <> 0""",
    "a posted journal has no lines": """
        SELECT j.id FROM accounting_journal j WHERE j.state = 'posted' AND NOT EXISTS (
            SELECT 1 FROM accounting_journalline l WHERE l.journal_id = j.id)""",
    "the sums per account and day differ from the lines": """
        WITH summed AS (
            SELECT l.account_id, l.effective_on, sum(greatest(l.amount, 0)) AS debit,
                   sum(greatest(-l.amount, 0)) AS credit
            FROM accounting_journalline l
            JOIN accounting_journal j ON j.tenant_id = l.tenant_id AND j.id = l.journal_id
            WHERE j.state = 'posted' GROUP BY 1, 2)
        SELECT * FROM summed s
        FULL JOIN accounting_accountday d USING (account_id, effective_on)
        WHERE s.debit IS DISTINCT FROM d.debit OR s.credit IS DISTINCT FROM d.credit""",
    "the sums per account and month differ from those per day": """
        WITH summed AS (
            SELECT account_id, date_trunc('month', effective_on)::date AS starts_on,
                   sum(debit) AS debit, sum(credit) AS credit
            FROM accounting_accountday GROUP BY 1, 2)
        SELECT * FROM summed s
        FULL JOIN accounting_accountmonth m USING (account_id, starts_on)
        WHERE s.debit IS DISTINCT FROM m.debit OR s.credit IS DISTINCT FROM m.credit""",
    "a document differs from its lines": """
        SELECT d.id FROM accounting_document d
        LEFT JOIN accounting_documentline l ON l.document_id = d.id
        GROUP BY d.id, d.net, d.tax, d.total
        HAVING sum(l.net) <> d.net OR sum(l.tax_amount) <> d.tax OR d.total <> d.net + d.tax""",
    "a document differs from its journal": """
        SELECT d.id FROM accounting_document d
        JOIN accounting_journal j ON j.id = d.journal_id
        LEFT JOIN accounting_journalline l
            ON l.journal_id = j.id AND l.contact_id = d.contact_id
        WHERE d.state <> 'draft'
        GROUP BY d.id, d.total, d.kind, d.issued_on, j.state, j.effective_on
        HAVING j.state <> 'posted' OR j.effective_on <> d.issued_on OR coalesce(sum(l.amount), 0)
            <> d.total * CASE WHEN d.kind IN ('invoice', 'debit_note') THEN 1 ELSE -1 END""",
    "a payment differs from its journal": """
        SELECT p.id FROM accounting_payment p
        JOIN accounting_journal j ON j.id = p.journal_id
        LEFT JOIN accounting_journalline l
            ON l.journal_id = j.id AND l.contact_id = p.contact_id
        WHERE p.state <> 'draft'
        GROUP BY p.id, p.amount, p.kind, p.paid_on, j.state, j.effective_on
        HAVING j.state <> 'posted' OR j.effective_on <> p.paid_on OR coalesce(sum(l.amount), 0)
            <> p.amount * CASE WHEN p.kind = 'receipt' THEN -1 ELSE 1 END""",
    "a reversal does not turn its journal round": """
        SELECT r.id FROM accounting_journal r
        JOIN accounting_journalline l ON l.journal_id IN (r.id, r.reverses_id)
        WHERE r.reverses_id IS NOT NULL AND r.state = 'posted'
        GROUP BY r.id, l.account_id, l.contact_id HAVING sum(l.amount) <> 0""",
    "a reversed record is not linked to the reversal of its journal": """
        SELECT d.id FROM (
            SELECT id, state, journal_id, reversal_id FROM accounting_document
            UNION ALL SELECT id, state, journal_id, reversal_id FROM accounting_payment) d
        LEFT JOIN accounting_journal r ON r.id = d.reversal_id AND r.reverses_id = d.journal_id
        WHERE (d.state = 'reversed') <> (r.id IS NOT NULL)""",
    "a document's allocated is not the sum of its allocations": """
        SELECT d.id FROM accounting_document d
        LEFT JOIN accounting_allocation a ON a.document_id = d.id OR a.credit_id = d.id
        GROUP BY d.id, d.allocated, d.total
        HAVING coalesce(sum(a.amount), 0) <> d.allocated
            OR d.allocated NOT BETWEEN 0 AND d.total""",
    "a payment's allocated is not the sum of its allocations": """
        SELECT p.id FROM accounting_payment p
        LEFT JOIN accounting_allocation a ON a.payment_id = p.id
        GROUP BY p.id, p.allocated, p.amount
        HAVING coalesce(sum(a.amount), 0) <> p.allocated
            OR p.allocated NOT BETWEEN 0 AND p.amount""",
    "numbers have a gap, or the series is ahead": """
        SELECT s.kind, s.fiscal_year, s.next_number, array_agg(used.sequence ORDER BY 1)
        FROM accounting_series s
        LEFT JOIN (
            SELECT series_id, sequence FROM accounting_document WHERE sequence IS NOT NULL
            UNION ALL SELECT series_id, sequence FROM accounting_payment WHERE sequence IS NOT NULL
            UNION ALL
            SELECT j.series_id, j.sequence FROM accounting_journal j
            JOIN accounting_series own ON own.id = j.series_id AND own.kind = 'journal'
        ) used ON used.series_id = s.id
        GROUP BY s.id, s.kind, s.fiscal_year, s.next_number
        HAVING count(used.sequence) <> s.next_number - 1
            OR count(DISTINCT used.sequence) <> s.next_number - 1
            OR coalesce(max(used.sequence), 0) <> s.next_number - 1""",
}

OPEN_ITEMS = """
    SELECT coalesce(sum(amount), 0) FROM (
        SELECT (total - allocated) * CASE kind WHEN %s THEN 1 ELSE -1 END AS amount
        FROM accounting_document WHERE state = 'posted' AND kind IN (%s, %s)
        UNION ALL
        SELECT allocated - amount FROM accounting_payment WHERE state = 'posted' AND kind = %s
    ) open_item"""
SIDES = {
    "receivables": ("receivable", 1, ("invoice", "invoice", "credit_note", "receipt")),
    "payables": ("payable", -1, ("bill", "bill", "debit_note", "disbursement")),
}


#: All of them in one statement, which names those that found something.
CHECK_SQL = " UNION ALL ".join(
    f"SELECT $what${what}$what$ WHERE EXISTS ({sql})" for what, sql in CONTRADICTIONS.items()
)


def check_books(books: Books) -> None:
    """Assert every invariant; called after each step of the stories that change the books."""
    with raw(books.tenant_id) as connection:
        check_tables(connection)
        for side in SIDES:
            _check_control_account(books, connection, side)
    balance = trial_balance(books.ctx, as_of=LAST_DAY)
    assert balance["totals"]["debit"] == balance["totals"]["credit"]
    assert sum((row["balance"] for row in balance["rows"]), Decimal(0)) == 0


def check_tables(connection: Connection) -> None:
    """Assert what the tables must agree on, in a transaction of the company."""
    contradictions = "; ".join(what for (what,) in rows(connection, CHECK_SQL))
    assert not contradictions, contradictions


def _check_control_account(books: Books, connection: Connection, side: str) -> None:
    """The control account is what documents and payments leave open, and what the report says."""
    role, sign, kinds = SIDES[side]
    ledger = one(
        connection,
        "SELECT coalesce(sum(l.amount), 0) FROM accounting_journalline l"
        " JOIN accounting_journal j ON j.tenant_id = l.tenant_id AND j.id = l.journal_id"
        " JOIN accounting_account a ON a.tenant_id = l.tenant_id AND a.id = l.account_id"
        " WHERE j.state = 'posted' AND a.role = %s",
        role,
    )
    report = aged_balances(books.ctx, side=side, as_of=LAST_DAY)["totals"]["total"]
    assert sign * ledger == one(connection, OPEN_ITEMS, *kinds) == report, side
