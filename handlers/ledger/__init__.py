"""The general ledger and the open items: every business event becomes one balanced journal that nobody can change.

Ground: may import the engine, `handlers.values` and `handlers.rowsets`. Open `rules.py` for what an entry is, `posting.py` to post, reverse
and read balances, `books.py` to open the books, file exchange rates and close periods, `open_items.py` for what is still owed, and
`accounts.py` for the chart.
"""
