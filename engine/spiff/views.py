"""What the variables are now, seen from outside while several branches run."""

from collections.abc import Mapping
from typing import Any

from engine.spiff.token import NOTHING, Token

Variables = tuple[Mapping[str, Any], Mapping[str, int]]


def view(token: Token) -> Variables:
    """A token's variables, with what was written meanwhile inside its subprocess or by its repetitions."""
    found: Variables = (token.data, token.stamps)
    scope = token.workflow.top_workflow.subprocesses.get(token.id)
    if scope is not None:
        found = merged(found, scope)
    for child in () if token.task_spec.keeps_local else token.children:
        if child.live:
            found = _joined(found, view(child))
    return found


def merged(start: Variables | None, scope: Any) -> Variables:
    """The variables with the latest write of each from every living token of a scope."""
    found = start
    for token in scope.live.values():
        if not token.above.task_spec.repeats:
            found = view(token) if found is None else _joined(found, view(token))
    return found or (NOTHING, NOTHING)


def seen_by(token: Token) -> Mapping[str, Any]:
    """The variables for a token that looks around: its own, with the latest write of each in its scope and those around."""
    found: Variables = (token.data, token.stamps)
    place: Token | None = token
    while place is not None:
        found = _joined(found, merged(None, place.workflow))
        place = getattr(place.workflow, "activity", None)
    return found[0]


def _joined(one: Variables, other: Variables) -> Variables:
    data, stamps = one
    theirs, when = other
    newer = [name for name, stamp in when.items() if stamp > stamps.get(name, 0)]
    if not newer:
        return one
    return {**data, **{name: theirs[name] for name in newer}}, {**stamps, **{name: when[name] for name in newer}}
