"""Runs one process instance in memory: the only room that imports SpiffWorkflow.

`process.py` turns normalised BPMN into a `CompiledProcess`; `execution.py` starts, restores, runs and dumps an instance of it; `records.py`
and `calls.py` hold what goes in and out. Inside: `token.py` and `instance.py` subclass SpiffWorkflow's task and workflow, `nodes/` holds a
task spec for each BPMN element, `codec.py` writes the state, `expressions.py` is the only door to FEEL, `refusals.py` says what does not
run, `moves.py` and `migration.py` are the operator's verbs. No SQL, no transaction, no clock
of its own. May import engine.feel, engine.dmn, engine.problems and engine.store.json_text.

Rules that hold inside: variables are JSON-like and are never changed in place, so branches share them safely; every write of a variable is
stamped with a number that only grows, so that a join takes the latest write of each; only living tokens are kept in the task tree.
"""
