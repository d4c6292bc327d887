"""The linter: one rule a function, in files by subject.

A rule is a function decorated with `@rule("its-name")` that yields a `Broken` for each place. To add one, write it in the file of
its subject (or name a new file below), give it a wrong and a right example in `tests/unit/models/test_linter.py`, and let
`python -m tests.rule_examples` write that for the page of the rule (`engine.models.examples`).
"""

from engine.models.linter import (
    camunda,
    circles,
    compensation,
    drawing,
    duties,
    entries,
    event_subprocesses,
    events,
    expressions,
    gateways,
    loops,
    references,
    service_calls,
    soundness,
    structure,
    support,
    waits,
    words,
)
from engine.models.linter.ruling import RULES, Broken, Known, run_rules

__all__ = [
    "RULES",
    "Broken",
    "Known",
    "camunda",
    "circles",
    "compensation",
    "drawing",
    "duties",
    "entries",
    "event_subprocesses",
    "events",
    "expressions",
    "gateways",
    "loops",
    "references",
    "run_rules",
    "service_calls",
    "soundness",
    "structure",
    "support",
    "waits",
    "words",
]
