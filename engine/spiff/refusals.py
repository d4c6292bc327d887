"""What does not run is refused when a process is compiled: a silently wrong run is worse than none."""

from typing import Final

from lxml import etree

from engine.problems import Invalid
from engine.spiff.elements import SUPPORTED, SUPPORTED_EVENTS, SUPPORTED_LISTENERS, Element

_CHANGE: Final = "Draw it differently; the list of supported elements says how."
#: Attributes that change the meaning of an element, and the only value that we run.
_ONLY: Final = {
    "startQuantity": ("1", "a start quantity"),
    "completionQuantity": ("1", "a completion quantity"),
    "instantiate": ("false", "an instantiating element"),
    "behavior": ("All", "a multi-instance that throws events"),
}


def refuse_attributes(process: etree._Element) -> None:
    """Raises Invalid when an attribute asks for what does not run."""
    for node in process.iter(etree.Element):
        for attribute, (only, what) in _ONLY.items():
            if node.get(attribute, only) != only:
                owner = node if node.get("id") else node.getparent()
                raise _refused(f"{what.capitalize()} cannot run", None if owner is None else owner.get("id"))


def refuse_element(element: Element) -> None:
    """Raises Invalid when an element does not run as it is drawn."""
    if element.type not in SUPPORTED:
        raise _refused(f"A {element.type} cannot run", element.id)
    kind = element.event.kind if element.event else None
    allowed = SUPPORTED_LISTENERS if element.listens else SUPPORTED_EVENTS.get(element.type)
    if allowed is not None and kind not in allowed:
        raise _refused(f"A {element.type} {f'with a {kind} event' if kind else 'without a message'} cannot run", element.id)
    if element.type == "serviceTask" and not element.handler:
        raise _refused(f"{element.label} names no service task", element.id, "Choose the service task it is to call.")
    if kind in {"message", "signal"} and element.event is not None and not element.event.name:
        raise _refused(f"{element.label} names no {kind}", element.id, f"Choose the {kind}.")


def _refused(what: str, element_id: str | None, next_step: str = _CHANGE) -> Invalid:
    return Invalid(f"{what} ({element_id}).", code="unsupported", next_step=next_step, element_id=element_id)
