"""Answers "when can you deliver?" and keeps the promise: availability that never steals from a later promise, sourcing, reservation.

Open `rules.py` for available-to-promise and how a line is sourced (pure), `availability.py` for where supply and demand come from,
`promise.py` for promising an order's lines, `tasks.py` for the steps a diagram may name.
"""
