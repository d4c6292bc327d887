"""Closing a month of the books: what must be settled first, what is accrued and revalued for its last day, and the lock.

Capability: may import the ground (`handlers.ledger`, `handlers.values`). Open `checks.py` for what is looked at, `accruing.py` and
`revaluing.py` for the journals of the last day, `closes.py` for the month itself, `tasks.py` for the steps the diagram names.
"""
