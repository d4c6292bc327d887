"""What is always true of closed months."""

from handlers.invariants import Invariant

INVARIANTS = (
    Invariant(
        "INV-18",
        "What a closed period was added up to is what was posted in it.",
        """
        SELECT starts_on, account, currency, party_no, kept.amount AS kept, posted.amount AS posted
        FROM (
          SELECT starts_on, account, currency, party_no, debits - credits AS amount, entered FROM period_balance
        ) AS kept
        FULL JOIN (
          SELECT period.starts_on, line.account, journal.currency, coalesce(line.party_no, '') AS party_no, sum(line.accounted) AS amount,
            sum(line.debit - line.credit) AS entered
          FROM ledger_period AS period JOIN journal ON journal.gl_date BETWEEN period.starts_on AND period.ends_on
          JOIN journal_line AS line ON line.journal_id = journal.id GROUP BY 1, 2, 3, 4
        ) AS posted USING (starts_on, account, currency, party_no)
        WHERE kept.amount IS DISTINCT FROM posted.amount OR kept.entered IS DISTINCT FROM posted.entered
        """,
    ),
    Invariant(
        "INV-18",
        "A month that was closed is a closed period, and what it posted for its last day is taken back after it.",
        """
        SELECT close.period, NULL AS journal FROM period_close AS close
        WHERE close.state = 'CLOSED' AND NOT EXISTS (
          SELECT FROM ledger_period AS period WHERE period.starts_on = close.starts_on AND period.ends_on = close.ends_on)
        UNION ALL
        SELECT journal.source_id, journal.id FROM journal
        WHERE journal.event_type IN ('period.revalued', 'period.revenue_accrued')
          AND NOT EXISTS (SELECT FROM journal AS mirror WHERE mirror.reverses_id = journal.id AND mirror.gl_date >= journal.gl_date)
        """,
    ),
)
