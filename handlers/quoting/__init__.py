"""Quotes from first price to order: versions, approvals that hold only for what was approved, the paper, acceptance, and the order.

Open `drafts.py` to create a quote, `rules.py` for fingerprints and acceptance (pure), `life.py` for what may happen to a quote when,
`tasks.py` for the steps a diagram may name.
"""
