"""Functions of contexts (DMN 1.5, section 10.3.4.9); each gives a new context."""

from engine.feel.library.registry import metered
from engine.feel.limits import Run


@metered("get value", "m:c, key:s", "context:c, keys:l")
def _get_value(_run: Run, context: dict[str, object], key: str | list[object]) -> object:
    value: object = context
    for step in [key] if isinstance(key, str) else key:
        if not isinstance(value, dict) or not isinstance(step, str):
            return None
        value = value.get(step)
    return value


@metered("get entries", "m:c")
def _get_entries(run: Run, context: dict[str, object]) -> list[object]:
    run.grow_list(len(context))
    return [{"key": key, "value": value} for key, value in context.items()]


@metered("context", "entries:l")
def _context(run: Run, entries: list[object]) -> dict[str, object] | None:
    run.grow_list(len(entries))
    result: dict[str, object] = {}
    for entry in entries:
        if not isinstance(entry, dict) or not {"key", "value"} <= entry.keys():
            return None
        key = entry["key"]
        if not isinstance(key, str) or key in result:
            return None
        result[key] = entry["value"]
    return result


@metered("context put", "context:c, key:s, value:*", "context:c, keys:l, value:*")
def _context_put(run: Run, context: dict[str, object], key: str | list[object], value: object) -> object:
    keys = [step for step in ([key] if isinstance(key, str) else key) if isinstance(step, str)]
    if not keys or (isinstance(key, list) and len(keys) < len(key)):
        return None
    return put(run, context, keys, value)


def put(run: Run, context: dict[str, object], keys: list[str], value: object) -> dict[str, object] | None:
    """A copy of `context` with `value` at the path `keys`, made where it is missing; None when something else is there."""
    run.grow_list(len(context) + 1)
    first, rest = keys[0], keys[1:]
    if not rest:
        return {**context, first: value}
    inner = context.get(first, {})
    changed = put(run, inner, rest, value) if isinstance(inner, dict) else None
    return None if changed is None else {**context, first: changed}


@metered("context merge", "contexts:l")
def _context_merge(run: Run, contexts: list[object]) -> dict[str, object] | None:
    result: dict[str, object] = {}
    for context in contexts:
        if not isinstance(context, dict):
            return None
        run.grow_list(len(context))
        result |= context
    return result if contexts else None
