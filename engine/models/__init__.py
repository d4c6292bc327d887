"""BPMN in: from the analyst's bytes to something that may run, or to findings that say why not.

`check(bundle, service_tasks, groups)` is the whole room in one call: read (reader) -> look (linter) -> rewrite a copy (normaliser) ->
compile (engine.spiff). May import engine.spiff, engine.feel, engine.dmn and engine.forms; knows no database and no order.
"""
