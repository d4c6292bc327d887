"""Boxed `for`, `some`, `every` and `filter` (DMN 1.4 and 1.5, section 10.2.2)."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Final, Protocol

from engine.dmn.session import Logic, Scope
from engine.dmn.source import Element, id_of, kid
from engine.dmn.texts import Workshop
from engine.feel.compiling.loops import items_of
from engine.feel.operators import item_at

#: The names an iterator has for its body.
_BODY: Final = {"for": "return", "some": "satisfies", "every": "satisfies", "filter": "match"}


class Reader(Protocol):
    """What reads the expressions inside."""

    workshop: Workshop

    def required(self, element: Element) -> Logic:
        """The logic inside an element."""


def iterator(element: Element, kind: str, reader: Reader) -> Logic:
    """The logic of a boxed iterator or filter; what is missing in it is a finding."""
    source, body = (_part(element, name, reader) for name in ("in", _BODY[kind]))
    name = " ".join((element.get("iteratorVariable") or "").split()) or "item"
    items = reader.required(source)
    with reader.workshop.knowing((name, "partial", "item")):
        step = reader.required(body)
    make: dict[str, Callable[[], Logic]] = {
        "for": lambda: _for(items, name, step, id_of(element)),
        "some": lambda: _quantified(items, name, step, deciding=True),
        "every": lambda: _quantified(items, name, step, deciding=False),
        "filter": lambda: _filter(items, step),
    }
    return make[kind]()


def _part(element: Element, name: str, reader: Reader) -> Element:
    found = kid(element, name)
    if found is None:
        reader.workshop.find(element, f"This iterator has no part {name}.")
    return element if found is None else found


def _rounds(items: Logic, scope: Scope) -> Iterator[object] | None:
    value = items(scope)
    found = items_of(value)
    return None if found is None else iter(found)


def _for(items: Logic, name: str, step: Logic, element_id: str) -> Logic:
    def run(scope: Scope) -> object:
        rounds = _rounds(items, scope)
        if rounds is None:
            scope.report(element_id, "for", "there is nothing to go through: a list or range is needed")
            return None
        result: list[object] = []
        for value in rounds:
            scope.session.run.grow_list(len(result) + 1)
            result.append(step(scope.with_values({name: value, "partial": list(result)})))
        return result

    return run


def _quantified(items: Logic, name: str, step: Logic, *, deciding: bool) -> Logic:
    def run(scope: Scope) -> object:
        rounds = _rounds(items, scope)
        if rounds is None:
            return None
        result: bool | None = not deciding
        for value in rounds:
            scope.session.run.charge(1)
            verdict = step(scope.with_values({name: value}))
            if verdict is deciding:
                return deciding
            if not isinstance(verdict, bool):
                result = None
        return result

    return run


def _filter(items: Logic, step: Logic) -> Logic:
    def run(scope: Scope) -> object:
        value = items(scope)
        found = value if isinstance(value, list) else [] if value is None else [value]
        kept: list[object] = []
        for item in found:
            scope.session.run.charge(1)
            entries = item if isinstance(item, dict) else {}
            verdict = step(scope.with_values({**entries, "item": item}))
            if isinstance(verdict, Decimal):
                return item_at(found, verdict)
            kept += [item] if verdict is True else []
        return kept

    return run
