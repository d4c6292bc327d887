"""How the processes hang together: which message goes from whom to whom, who calls whom, and who decides with what."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.models.reading.uses import Deployed, Named, Use, index_uses


@dataclass(frozen=True, slots=True)
class Crossing:
    """Something that several steps name. For a message or signal `gives` are its senders and `takes` its receivers.

    For a process, `gives` are the steps that call it; for a decision, those that ask it.
    """

    name: str
    gives: Sequence[Use]
    takes: Sequence[Use]


@dataclass(frozen=True, slots=True)
class Tie:
    """From one process to another: the messages it sends there, and whether it calls it."""

    source: str
    target: str
    messages: Sequence[str]
    calls: bool


@dataclass(frozen=True, slots=True)
class DrawnIn:
    """A process in force, with the bundle and the file it is drawn in."""

    bundle: str
    path: str
    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Landscape:
    """Everything in force and how it hangs together; each list by name."""

    processes: Sequence[DrawnIn]
    messages: Sequence[Crossing]
    signals: Sequence[Crossing]
    calls: Sequence[Crossing]
    decisions: Sequence[Crossing]
    ties: Sequence[Tie]


def landscape_of(deployed: Sequence[Deployed]) -> Landscape:
    """The landscape of some diagrams."""
    uses = index_uses(deployed)
    processes = [
        DrawnIn(each.bundle, each.drawing.path, process.key, process.name)
        for each in deployed
        for process in each.drawing.processes
        if process.executable
    ]
    messages = _crossings(uses, "message")
    calls = _crossings(uses, "process")
    return Landscape(
        processes=sorted(processes, key=lambda each: each.name),
        messages=messages,
        signals=_crossings(uses, "signal"),
        calls=calls,
        decisions=_crossings(uses, "decision"),
        ties=_ties(messages, calls),
    )


def _crossings(uses: dict[Named, list[Use]], kind: str) -> list[Crossing]:
    found = []
    for (of_kind, name), named in sorted(uses.items()):
        if of_kind == kind:
            takes = [use for use in named if use.role == "hears"]
            found.append(Crossing(name, [use for use in named if use.role != "hears"], takes))
    return found


def _ties(messages: Iterable[Crossing], calls: Iterable[Crossing]) -> list[Tie]:
    sent: dict[tuple[str, str], list[str]] = {}
    for message in messages:
        for source in dict.fromkeys(use.process_key for use in message.gives):
            for target in dict.fromkeys(use.process_key for use in message.takes):
                sent.setdefault((source, target), []).append(message.name)
    called = {(use.process_key, call.name) for call in calls for use in call.gives}
    return [Tie(*pair, sent.get(pair, ()), pair in called) for pair in sorted({*sent, *called})]
