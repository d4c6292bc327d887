"""What does not run is refused when a process is compiled: a silently wrong run is worse than none."""

from typing import Final

from lxml import etree

from engine.problems import Invalid
from engine.spiff.elements import ALONE, SUPPORTED, SUPPORTED_EVENTS, SUPPORTED_LISTENERS, Element

_CHANGE: Final = "Draw it differently; the list of supported elements says how."
#: Attributes that change the meaning of an element, and the only value that we run.
ONLY: Final = {
    "startQuantity": ("1", "a start quantity"),
    "completionQuantity": ("1", "a completion quantity"),
    "instantiate": ("false", "an instantiating element"),
    "behavior": ("All", "a multi-instance that throws events"),
}


def refuse_attributes(process: etree._Element) -> None:
    """Raises Invalid when an attribute asks for what does not run."""
    for node in process.iter(etree.Element):
        for attribute, (only, what) in ONLY.items():
            if node.get(attribute, only) != only:
                owner = node if node.get("id") else node.getparent()
                raise _refused(f"{what.capitalize()} cannot run", None if owner is None else owner.get("id"))


def refuse_element(element: Element) -> None:
    """Raises Invalid when an element does not run as it is drawn."""
    if element.type not in SUPPORTED:
        raise _refused(f"A {element.type} cannot run", element.id)
    _refuse_events(element)
    if element.type == "serviceTask" and not element.handler:
        raise _refused(f"{element.label} names no service task", element.id, "Choose the service task it is to call.")


def _refuse_beginnings(element: Element) -> None:
    if element.parts and element.parallel:
        raise _refused(f"{element.label} is to begin the process when several things have come", element.id)
    if [event.kind for event in element.parts].count("timer") > 1:
        raise _refused(f"{element.label} is to begin the process by two timers", element.id, "Draw a start event for each.")


def _refuse_events(element: Element) -> None:
    allowed = SUPPORTED_LISTENERS if element.listens else SUPPORTED_EVENTS.get(element.type)
    if allowed is None:
        return
    if not element.events:
        raise _refused(f"A {element.type} without a message cannot run", element.id)
    if element.parts:
        allowed -= ALONE
    if element.type == "startEvent" and not element.listens:
        _refuse_beginnings(element)
    for event in element.events:
        if event.kind not in allowed:
            raise _refused(f"A {element.type} with a {event.kind} event cannot run", element.id)
        if event.kind in {"message", "signal"} and not event.name:
            raise _refused(f"{element.label} names no {event.kind}", element.id, f"Choose the {event.kind}.")


def _refused(what: str, element_id: str | None, next_step: str = _CHANGE) -> Invalid:
    return Invalid(f"{what} ({element_id}).", code="unsupported", next_step=next_step, element_id=element_id)
