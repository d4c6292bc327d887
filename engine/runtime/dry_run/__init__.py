"""Tries a process before it counts: a scenario is played from its beginning on a checked bundle, and nothing of it stays.

`scenario.py` reads what is given, answered and decided so far; `rehearsal.py` plays it in memory; `calls.py` answers service tasks, from
the scenario or really in a transaction that is rolled back (`really.py`); `record.py` holds what is told of a run and `scribe.py` writes
it down; `expectations.py` compares; `suite.py` plays all scenarios of a bundle, with `coverage.py`; `stage.py` finds what is to be
played; `keeping.py` makes a scenario of a run. The server keeps nothing between two requests: a step back is a scenario without its
last step. May import every other room of the runtime, `models`, `forms`, `spiff` and `feel`.
"""
