"""Runs one process instance in memory: the only room that imports SpiffWorkflow, which executes.

`process.py` turns normalised BPMN into a `CompiledProcess`; `execution.py` starts, restores, runs and dumps an instance of it; `records.py`
and `calls.py` hold what goes in and out. Inside: `seam.py` lists what of SpiffWorkflow we override, and why; `token.py`, `instance.py` and
`catching.py` extend its task, workflows and event manager, `nodes/` its task specs and event definitions, `process_spec.py` and `parser.py`
its spec and parser; `codec.py` writes the state, `old_states.py` reads that of earlier releases, `expressions.py` is the only door to FEEL,
`refusals.py` says what does not run, `moves.py` and `migration.py` are the operator's verbs. No SQL, no transaction, no clock of its own.
May import engine.feel, engine.dmn, engine.problems and engine.store.json_text.

Rules that hold inside: variables are JSON-like and are never changed in place, so branches share them safely; every write of a variable is
stamped with a number that only grows, so that a join takes the latest write of each; between two steps only what lives, and what that
hangs on, is in the task tree.
"""
