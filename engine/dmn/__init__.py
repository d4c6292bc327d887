"""DMN 1.1 to 1.5: decision tables, boxed expressions and their requirements graph, evaluated with FEEL.

`load_decisions(xml)` reads a model, `DecisionModel.problems()` says what is wrong with it, `Decision.evaluate(context)` makes
a decision and says which rules led to it, `Decision.try_out(context)` also what every other rule said.

Imports `engine.feel` and `engine.problems` only. Where to look: `source` (hardened XML), `texts` (compiled cells), `items`
(types), `tables`, `index` and `hit_policies`, `boxed` (contexts, invocations, lists, relations, functions), `iterators`, `reading`
(XML to graph, imports), `requirements` (the graph, decision services), `lint` (its faults), `cells`, `domains`, `sweep` and `analysis`
(those of a table), `session` (one evaluation), `records` and `trial` (what it tells), `model` (the public objects).
"""

from engine.dmn.errors import DecisionViolation, DmnError
from engine.dmn.hit_policies import HitPolicy
from engine.dmn.model import Decision, DecisionModel, load_decisions
from engine.dmn.records import DecisionDiagnostic, DecisionResult, MatchedRule
from engine.dmn.texts import DmnFinding
from engine.dmn.trial import RefusingCell, Trial, TriedInput, TriedRule, TriedTable, WantedInput

__all__ = [
    "Decision",
    "DecisionDiagnostic",
    "DecisionModel",
    "DecisionResult",
    "DecisionViolation",
    "DmnError",
    "DmnFinding",
    "HitPolicy",
    "MatchedRule",
    "RefusingCell",
    "Trial",
    "TriedInput",
    "TriedRule",
    "TriedTable",
    "WantedInput",
    "load_decisions",
]
