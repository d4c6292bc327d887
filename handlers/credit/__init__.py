"""Answers "may we deliver on credit?": the customer's exposure from open items, shipped and booked orders; the decision is a table's.

Open `rules.py` for what exposure is (pure), `exposure.py` for where it comes from, `tasks.py` for the steps a diagram may name.
"""
