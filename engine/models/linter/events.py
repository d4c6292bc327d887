"""Rules of events: what they are tied to, and what they wait for or send."""

from collections.abc import Iterator
from datetime import tzinfo

from engine.models.diagram import Diagram, Node
from engine.models.fixes import Change, Fix
from engine.models.linter.ruling import Broken, Known, at, at_element, rule
from engine.models.times import TIMES, no_time, reads_variables
from engine.models.trees import child, tag_of, text_of
from engine.models.vocabulary import BPMN, EVENTS

#: The attribute of each event definition that refers to a definition of the file, what it refers to, and what that must have.
_REFERENCES = {
    "message": ("messageRef", "message", "name"),
    "signal": ("signalRef", "signal", "name"),
    "error": ("errorRef", "error", "errorCode"),
    "escalation": ("escalationRef", "escalation", "escalationCode"),
}
_EXAMPLES = {"timeDate": "a date as 2026-01-31T09:00:00Z", "timeDuration": "a duration as PT4H", "timeCycle": "a cycle as R3/PT1H"}
#: Error and escalation boundary events may leave the code open, and then catch all.
_CATCHES_ALL = {"error", "escalation"}


def message_of(diagram: Diagram, node: Node) -> str | None:
    """The name of the message a node sends or waits for; None when it has to do with none."""
    references = [definition.get("messageRef") for definition in node.definitions if tag_of(definition) == "messageEventDefinition"]
    if node.tag in {"sendTask", "receiveTask"}:
        references = [node.element.get("messageRef")]
    for reference in references:
        message = diagram.referred(reference, "message")
        if message is not None and message.get("name"):
            return message.get("name")
    return None


@rule("message-without-name")
def messages_have_names(known: Known) -> Iterator[Broken]:
    """A message is found by its name."""
    for diagram, node in known.nodes(*EVENTS, "sendTask", "receiveTask"):
        speaks = "message" in node.kinds or node.tag in {"sendTask", "receiveTask"}
        if speaks and message_of(diagram, node) is None:
            yield at(
                node, f"{node.label} refers to no message with a name.", "Choose a message, and give it a name such as 'order.received'."
            )


@rule("message-for-all")
def waits_say_for_whom(known: Known) -> Iterator[Broken]:
    """Without keys one message goes to every instance that waits for its name: one payment would settle three orders."""
    for _, node in known.nodes("intermediateCatchEvent", "boundaryEvent", "receiveTask", "startEvent"):
        waits = node.tag == "receiveTask" or ("message" in node.kinds and (node.listens or node.tag != "startEvent"))
        waits = waits and not _begins(node)
        if waits and not node.properties.get("correlation", "").strip():
            message = f"{node.label} takes every message of its name, whoever it is about."
            next_step = "Set correlation to the keys of the one waited for, such as ={order_no: order_no}; ={} if it is meant for all."
            yield at(node, message, next_step)


def _begins(node: Node) -> bool:
    """Whether it begins the process, itself or behind a gateway that does."""
    return node.begins_by_itself or any(
        node.scope.nodes[flow.source].begins_by_itself for flow in node.incoming if flow.source in node.scope.nodes
    )


@rule("message-flow-inside-pool", "warning")
def message_flows_connect_pools(known: Known) -> Iterator[Broken]:
    """Within one process tokens go along sequence flows; a message flow is drawn only, and moves nothing."""
    for diagram in known.diagrams:
        processes = {node.id: node.scope.process.id for node in diagram.nodes}
        for element in diagram.root.iterfind(f"{{{BPMN}}}collaboration/{{{BPMN}}}messageFlow"):
            ends = [processes.get((element.get(name) or "").rsplit(":", 1)[-1]) for name in ("sourceRef", "targetRef")]
            if ends[0] is not None and ends[0] == ends[1]:
                message = f"The message flow {element.get('name') or element.get('id')} leads from {ends[0]} to itself."
                yield at_element(diagram.path, element, message, "Draw a sequence flow, or tie it to another pool.")


@rule("unknown-reference")
def references_lead_somewhere(known: Known) -> Iterator[Broken]:
    """Signals, errors and escalations are declared, with what they are found by."""
    for diagram, node in known.nodes(*EVENTS):
        for kind, definition in zip(node.kinds, node.definitions, strict=True):
            if kind not in _REFERENCES or kind == "message":
                continue
            attribute, tag, needed = _REFERENCES[kind]
            open_end = (node.tag == "boundaryEvent" or node.listens) and kind in _CATCHES_ALL and definition.get(attribute) is None
            declared = diagram.referred(definition.get(attribute), tag)
            if not open_end and (declared is None or not declared.get(needed)):
                yield at(
                    node, f"{node.label} refers to no {tag} with {_article(needed)}.", f"Choose the {tag}, and give it {_article(needed)}."
                )


def _article(needed: str) -> str:
    return {"name": "a name", "errorCode": "an error code", "escalationCode": "an escalation code"}[needed]


@rule("timer-without-time")
def timers_have_one_time(known: Known) -> Iterator[Broken]:
    """A timer has exactly one of date, duration and cycle."""
    for _, node in known.nodes(*EVENTS):
        for kind, definition in zip(node.kinds, node.definitions, strict=True):
            times = [item for item in definition if tag_of(item) in {"timeDate", "timeDuration", "timeCycle"}]
            if kind == "timer" and (len(times) != 1 or not text_of(times[0])):
                yield at(node, f"{node.label} does not say when.", "Give it exactly one of date, duration (PT4H) and cycle (R3/PT1H).")


@rule("timer-not-a-time")
def timers_give_times(known: Known) -> Iterator[Broken]:
    """A timer that reads no variable is computed now: a cycle where a duration belongs is found before an order waits for it."""
    for _, node in known.nodes(*EVENTS):
        for definition in node.definitions if "timer" in node.kinds else ():
            for item in definition:
                if tag_of(item) in TIMES and text_of(item):
                    yield from _no_time(node, tag_of(item), text_of(item), known.time_zone)


def _no_time(node: Node, tag: str, text: str, zone: tzinfo) -> Iterator[Broken]:
    given = f"The {tag} of {node.label} is {text[:60]!r}"
    if reads_variables(tag, text):
        if node.tag == "startEvent" and not node.listens:
            yield at(node, f"{given}, but where the clock begins a process no variable is known.", "Write the date or the cycle itself.")
        return
    failure = no_time(tag, text, node.id, zone)
    if failure is not None:
        yield at(node, f"{given}, which gives none. {failure.message}", f"Write {_EXAMPLES[tag]}. {failure.next_step}")


@rule("cycle-fires-once")
def cycles_can_come_again(known: Known) -> Iterator[Broken]:
    """Only what goes on waiting can fire again: the start event of a process, or what runs beside and does not interrupt."""
    for _, node in known.nodes("intermediateCatchEvent", "boundaryEvent", "startEvent"):
        again = node.tag != "intermediateCatchEvent" and not ((node.tag == "boundaryEvent" or node.listens) and node.interrupts)
        if not again and any(child(definition, "timeCycle") is not None for definition in node.definitions):
            message = f"{node.label} has a cycle, but goes on after its first turn and would never see the second."
            yield at(node, message, "Give it a duration or a date, or let a boundary event that does not interrupt repeat.")


@rule("timer-start-without-schedule")
def timer_starts_repeat_or_have_a_date(known: Known) -> Iterator[Broken]:
    """A duration counts from a beginning, and a start event is the beginning."""
    for _, node in known.nodes("startEvent"):
        for kind, definition in zip(node.kinds, node.definitions, strict=True):
            if kind == "timer" and not node.listens and child(definition, "timeDuration") is not None:
                yield at(node, f"{node.label} starts after a duration, but nothing says from when.", "Use a date or a cycle.")


@rule("link-without-end")
def links_have_two_ends(known: Known) -> Iterator[Broken]:
    """A link goes from one or more throw events to one catch event of the same name, on the same level."""
    for scope in known.scopes():
        for node in scope.nodes.values():
            if "link" not in node.kinds:
                continue
            name = node.definitions[0].get("name")
            throws = node.tag == "intermediateThrowEvent"
            other = "intermediateCatchEvent" if throws else "intermediateThrowEvent"
            ends = [
                item
                for item in scope.nodes.values()
                if item.tag == other and "link" in item.kinds and item.definitions[0].get("name") == name
            ]
            if not name or not ends or (throws and len(ends) > 1):
                message = f"The link {name or ''!r} at {node.label} has {len(ends)} other ends."
                yield at(node, message, f"Draw one {'catch' if throws else 'throw'} event of the same name for it, in {scope.id} too.")
            if node.outgoing if throws else node.incoming:
                yield at(node, f"A flow is tied to the wrong side of the link {node.label}.", "Remove the flow, or the link.")


@rule("boundary-attachment")
def boundary_events_sit_on_activities(known: Known) -> Iterator[Broken]:
    """A boundary event sits on an activity of its own level, and leads somewhere."""
    for _, node in known.nodes("boundaryEvent"):
        host = node.scope.nodes.get(node.element.get("attachedToRef", ""))
        if host is None or not host.is_activity:
            sits = "nothing" if host is None else f"the {host.tag} {host.label}"
            yield at(node, f"The boundary event {node.label} sits on {sits}.", "Put it on the edge of a task or subprocess.")
        for kind in {"error", "cancel"}.intersection(node.kinds) if node.element.get("cancelActivity") == "false" else ():
            fix = Fix("Make it interrupting", Change.SET_ATTRIBUTE, node.id, "cancelActivity", "true")
            yield at(node, f"The {kind} event {node.label} must interrupt: the step has failed.", "Make it interrupting.", fix=fix)


@rule("boundary-never-fires")
def boundary_events_can_fire(known: Known) -> Iterator[Broken]:
    """What is done at once leaves no time for a message, a signal or a timer."""
    for _, node in known.nodes("boundaryEvent"):
        host = node.scope.nodes.get(node.element.get("attachedToRef", ""))
        quick = host is not None and host.tag in {"scriptTask", "sendTask", "businessRuleTask"}
        if host is not None and quick and not {"error", "compensate"}.intersection(node.kinds):
            yield at(
                node, f"{host.label} does not wait, so {node.label} can never happen.", "Put the event on a step that waits.", "warning"
            )


@rule("event-gateway-targets")
def event_gateways_lead_to_events(known: Known) -> Iterator[Broken]:
    """An event gateway leads to things to wait for, and the first that happens wins."""
    for _, node in known.nodes("eventBasedGateway"):
        targets = [node.scope.nodes[flow.target] for flow in node.outgoing if flow.target in node.scope.nodes]
        if len(targets) < 2:  # noqa: PLR2004 - a choice is between two
            yield at(node, f"{node.label} needs two or more events to choose from.", "Draw the events it waits for.")
        for target in targets:
            waits = target.tag == "receiveTask" or {"message", "timer", "signal", "conditional"}.intersection(target.kinds)
            if not waits or target.tag not in {"receiveTask", "intermediateCatchEvent"}:
                yield at(target, f"{target.label} follows the event gateway {node.label} but waits for nothing.", "Put an event there.")
            elif len(target.incoming) > 1:
                yield at(target, f"{target.label} follows the event gateway {node.label} and another step.", "Give it one way in.")
            elif target.boundary_events:
                yield at(target, f"{target.label} follows an event gateway and has boundary events.", "Draw the events behind the gateway.")


@rule("ambiguous-message-start")
def message_starts_are_told_apart(known: Known) -> Iterator[Broken]:
    """One message starts one process."""
    seen: dict[str, Node] = {}
    for diagram, node in known.nodes("startEvent", "receiveTask", "intermediateCatchEvent"):
        name = message_of(diagram, node) if _begins(node) or (node.tag == "startEvent" and not node.listens) else None
        if name is not None and name in seen:
            message = f"The message {name!r} starts {seen[name].scope.id} and {node.scope.id}."
            yield at(node, message, "Use one start event, or another message.")
        elif name is not None:
            seen[name] = node


@rule("conflicting-declaration")
def declarations_agree(known: Known) -> Iterator[Broken]:
    """Two messages with one name in a file, or one id with two meanings in the bundle, are confused sooner or later."""
    ids: dict[str, tuple[str, str]] = {}
    for diagram in known.diagrams:
        for element in diagram.root:
            tag, identity = tag_of(element), element.get("id", "")
            if tag not in {"message", "signal", "error", "escalation"}:
                continue
            meaning = (tag, element.get("errorCode") or element.get("escalationCode") or element.get("name") or "")
            if identity and ids.setdefault(identity, meaning) != meaning:
                message = f"{identity} is {meaning[0]} {meaning[1]!r} here and {ids[identity][0]} {ids[identity][1]!r} in another file."
                yield at_element(diagram.path, element, message, "Give one of the two another id.")
