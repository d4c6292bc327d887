"""What was posted until a day, by account, currency and party: closed periods as they were added up, open days line by line.

`MOVEMENTS` is the beginning of a statement, `WITH {MOVEMENTS} SELECT … FROM movement`, with the parameter `as_of`. Only the days that are
in no closed period are read from the journals, by the index of their date.
"""

MOVEMENTS = """
closed AS (SELECT starts_on, ends_on FROM ledger_period WHERE ends_on <= CAST(:as_of AS date)),
unclosed AS (
  SELECT coalesce(lag(ends_on) OVER (ORDER BY starts_on) + 1, '-infinity'::date) AS begins, starts_on - 1 AS ends FROM closed
  UNION ALL SELECT coalesce(max(ends_on) + 1, '-infinity'::date), CAST(:as_of AS date) FROM closed
),
movement AS (
  SELECT account, currency, party_no, debits, credits, entered FROM period_balance JOIN closed USING (starts_on)
  UNION ALL
  SELECT line.account, journal.currency, coalesce(line.party_no, ''), greatest(line.accounted, 0), greatest(-line.accounted, 0),
    line.debit - line.credit
  FROM unclosed JOIN journal ON journal.gl_date BETWEEN unclosed.begins AND unclosed.ends
  JOIN journal_line AS line ON line.journal_id = journal.id
)
"""


_RATE = "(SELECT rate FROM fx_rate WHERE fx_rate.currency = {currency} AND valid_from <= :{day} ORDER BY valid_from DESC LIMIT 1)"


def in_books(amount: str, currency: str, day: str = "ends_on") -> str:
    """SQL of an amount at the rate of the day in the parameter; in the currency of the books, or without a rate, as it stands."""
    return f"round({amount} * coalesce({_RATE.format(currency=currency, day=day)}, 1), 2)"
