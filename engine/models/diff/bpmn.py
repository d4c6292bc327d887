"""Two diagrams compared element by element: what was added, removed, changed in which setting, and moved."""

from collections.abc import Iterator

from engine.models.diff.elements import Taken, TakenDiagram, Value
from engine.models.diff.model import Change

#: The order in which changes are told.
_ORDER = {"removed": 0, "added": 1, "changed": 2, "moved": 3}


def compare_diagrams(old: TakenDiagram, new: TakenDiagram) -> tuple[Change, ...]:
    """Every difference: by its kind, steps before what is between them. What only moved on the canvas comes last."""
    changes = [*_gone(old, new), *_come(old, new)]
    for identity, before in old.elements.items():
        after = new.elements.get(identity)
        if after is not None:
            changes += _differences(before, after)
            if old.places.get(identity) != new.places.get(identity):
                changes.append(_change("moved", after))
    steps = {identity for diagram in (old, new) for identity, element in diagram.elements.items() if element.is_step}
    return tuple(sorted(changes, key=lambda change: (change.layout, _ORDER[change.kind], change.id not in steps)))


def _gone(old: TakenDiagram, new: TakenDiagram) -> Iterator[Change]:
    for identity, element in old.elements.items():
        if identity not in new.elements:
            yield _change("removed", element)


def _come(old: TakenDiagram, new: TakenDiagram) -> Iterator[Change]:
    for identity, element in new.elements.items():
        if identity not in old.elements:
            yield _change("added", element)


def _differences(before: Taken, after: Taken) -> Iterator[Change]:
    if before.what != after.what:
        yield _change("changed", after, "kind", before.what, after.what)
    for name in dict.fromkeys((*before.settings, *after.settings)):
        old, new = before.settings.get(name), after.settings.get(name)
        if old != new:
            yield _change("changed", after, name, *_shown(old, new))
    if before.lane != after.lane:
        yield _change("moved", after, "lane", before.lane, after.lane)
    if before.inside != after.inside:
        yield _change("moved", after, "sub-process", before.inside, after.inside)


def _shown(old: Value | None, new: Value | None) -> tuple[str | None, str | None]:
    """By their names; by their ids where two of one name differ."""
    if old is not None and new is not None and old.shown == new.shown:
        return old.raw, new.raw
    return None if old is None else old.shown, None if new is None else new.shown


def _change(kind: str, element: Taken, setting: str = "", old: str | None = None, new: str | None = None) -> Change:
    return Change(kind, element.id, element.name, element.what, setting, old, new, element.process)  # type: ignore[arg-type]  # one of Kind
