"""Rules of what all branches do together, found by walking every way through a level (`engine.models.soundness`)."""

from collections.abc import Iterator, Sequence
from typing import Final

from engine.models.bundle import Severity
from engine.models.diagram import Node, Scope
from engine.models.linter.ruling import Broken, Known, at, rule
from engine.models.linter.structure import reachable, starts_of
from engine.models.soundness import Flaw, Walked, walk

#: Steps of a way that a message shows, from its beginning and from its end.
_SHOWN: Final = (3, 5)


@rule("deadlock")
def joins_get_all_their_tokens(known: Known) -> Iterator[Broken]:
    """A parallel join waits for a token from each flow that leads to it: where one does not come, the process never ends."""
    for scope, walked in _walked(known):
        for flaw in walked.flaws:
            if flaw.kind == "deadlock":
                never = walked.whole and flaw.node.id not in walked.run
                severity: Severity = "error" if never else "warning"
                whence = " and ".join(dict.fromkeys(node.label for node in flaw.missing)) or scope.id
                message = f"{flaw.node.label} waits for ever for {whence}{'' if never else ' in some cases'}: {_told(flaw)}."
                next_step = "Join with the gateway that split: exclusive behind exclusive, inclusive behind inclusive."
                yield at(flaw.node, message, next_step, severity)


@rule("lack-of-synchronisation", "warning")
def branches_are_joined(known: Known) -> Iterator[Broken]:
    """Where two branches come together without a parallel or inclusive join, everything behind runs once for each of them."""
    for _, walked in _walked(known):
        for flaw in walked.flaws:
            if flaw.kind == "twice":
                message = f"{flaw.node.label} may run once for each of several branches that are under way at once: {_told(flaw)}."
                yield at(flaw.node, message, "Join the branches by a parallel gateway, or by an inclusive one where not all are taken.")


@rule("dead-part", "warning")
def every_part_can_run(known: Known) -> Iterator[Broken]:
    """A step that flows lead to, and that no way through the process ever comes to."""
    for scope, walked in _walked(known):
        if not walked.whole:
            continue
        stuck = {flaw.node.id for flaw in walked.flaws if flaw.kind == "deadlock"}
        led_to = reachable(scope, starts_of(scope)) - walked.run - stuck
        dead = [node for node in scope.nodes.values() if node.id in led_to and node.tag != "boundaryEvent"]
        if dead:
            others = "" if len(dead) == 1 else f" and {len(dead) - 1} more behind it"
            message = f"No way through {scope.id} ever comes to {dead[0].label}{others}."
            yield at(dead[0], message, "Mend the join in front of it, or draw another way to it.")


def _walked(known: Known) -> Iterator[tuple[Scope, Walked]]:
    for scope in known.scopes():
        if scope.nodes:
            yield scope, _walk_once(known, scope)


def _walk_once(known: Known, scope: Scope) -> Walked:
    if scope not in known.walked:
        known.walked[scope] = walk(scope, _beginnings(scope))
    return known.walked[scope]


def _beginnings(scope: Scope) -> Sequence[Sequence[Node]]:
    """Each start event begins an instance of its own; where none is drawn, all first steps begin together."""
    starts = starts_of(scope)
    return [[start] for start in starts] if any(node.tag == "startEvent" for node in starts) else [starts]


def _told(flaw: Flaw) -> str:
    """The way there, its middle left out where it is long."""
    names = [node.name or node.id for node in flaw.way]
    first, last = _SHOWN
    if len(names) > first + last:
        names = [*names[:first], "…", *names[-last:]]
    return " → ".join(names)
