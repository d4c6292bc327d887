"""The catalogue of `spiffworkflow:properties`: which settings each element has, and what is written there.

A value is literal text, unless it begins with `=`; then the rest is FEEL. The properties panel and the linter read this one list.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from engine.models.diagram import Node


class Written(StrEnum):
    """What is written into a setting."""

    #: Text for people, or `=FEEL`.
    TEXT = "text"
    #: A name, as it is; never FEEL.
    NAME = "name"
    #: Names separated by commas, or `=FEEL` that gives a list.
    NAMES = "names"
    #: Always FEEL, with its `=`.
    FEEL = "feel"
    #: The name of a variable.
    VARIABLE = "variable"
    #: An ISO 8601 duration (PT4H, P10D), or `=FEEL` that gives one.
    DURATION = "duration"
    #: A whole number, or `=FEEL` that gives one.
    INTEGER = "integer"
    #: A whole number, as it is.
    WHOLE = "whole"
    #: R5/PT10S: how often, and how long before the first repetition.
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of an element."""

    name: str
    written: Written
    #: What it does, in a sentence for the properties panel.
    meaning: str


def _catalogue(*settings: Setting) -> Mapping[str, Setting]:
    return MappingProxyType({setting.name: setting for setting in settings})


_RESULT: Final = Setting("resultVariable", Written.VARIABLE, "The variable that takes the result.")
_INPUTS: Final = Setting("inputs", Written.NAMES, "The variables that come in here, so that the check knows them.")

PROCESS: Final = _catalogue(
    _INPUTS,
    Setting(
        "owner",
        Written.NAME,
        "The group that is told of messages of this process that nobody hears.",
    ),
    Setting(
        "cancelMessage",
        Written.NAME,
        "The message sent when an instance is cancelled: it begins what gives back what that held.",
    ),
)
_INITIATOR: Final = Setting(
    "initiator", Written.VARIABLE, "The variable that says who began it: whatever is given for it, the account that asked stands in it."
)
START: Final = _catalogue(
    _INPUTS,
    Setting("formKey", Written.NAME, "The form that gives what it begins with, by its file name without .form."),
    Setting("outputs", Written.FEEL, "Variables that an instance begins with beside what it is given: ={priority: 50}."),
    _INITIATOR,
)
_CALENDAR: Final = Setting(
    "calendar",
    Written.NAME,
    "In whose working time durations count: a calendar's code, standard for the company's, none for around the clock.",
)
SERVICE: Final = _catalogue(
    _RESULT,
    Setting("retry", Written.RETRY, "How often a failing call is repeated: R5/PT10S is the default."),
    Setting("priority", Written.WHOLE, "Of a topic for workers outside: the higher is fetched first, where they ask so; 0 is normal."),
    Setting(
        "outputs", Written.NAMES, "What of the result goes on: ={total: result.total}; of a topic, or the names of what its worker gives."
    ),
)
USER: Final = _catalogue(
    Setting("formKey", Written.NAME, "The form of the same deployment, by its file name without .form."),
    Setting("candidateGroups", Written.NAMES, "The groups that may take the task; without it, the lane."),
    Setting("candidateUsers", Written.NAMES, "The people who may take the task."),
    Setting("excludedUsers", Written.NAMES, "The people who may not: four eyes."),
    Setting(
        "decidesOn",
        Written.TEXT,
        '="quote " + quote_no: what it decides on. Whoever began, worked on or decided on the same before, in whatever group, does not.',
    ),
    Setting(
        "decisionRound",
        Written.TEXT,
        "=round: who decided in another round may decide anew, who worked on it never.",
    ),
    Setting(
        "decisionKind",
        Written.NAME,
        "credit-memo: the kind of decision. Once it has limits, whoever decides needs one that reaches decisionAmount.",
    ),
    Setting("decisionAmount", Written.FEEL, "=memo.gross_total: how much is decided on."),
    Setting("decisionCurrency", Written.TEXT, "=memo.currency: in which currency."),
    Setting(
        "actRule",
        Written.NAME,
        "A decision of the same deployment asked before each act on the task: it may deny it (deny), or correct priority, due_at, to.",
    ),
    Setting("worksOn", Written.TEXT, '="quote " + quote_no: what it works on. Whoever does it does not decide on the same later.'),
    Setting("title", Written.TEXT, "What the worklist shows; without it, the name of the step."),
    Setting("dueIn", Written.DURATION, "How long after its beginning the task is due, in the working time of its calendar."),
    Setting("slaIn", Written.DURATION, "How long it may take at the very most: beyond it the agreement counts as broken."),
    Setting("escalateIn", Written.DURATION, "When it goes to others too, if it is still open; a timer drawn on the task can do more."),
    Setting("escalateTo", Written.NAMES, "The groups that may take it then, beside its candidates."),
    _CALENDAR,
    Setting("priority", Written.INTEGER, "Higher comes first; 50 is normal."),
    Setting("formData", Written.FEEL, "What the form shows and what read-only fields are taken from; without it, all variables."),
    Setting("resultVariable", Written.VARIABLE, "The variable that takes the submission; without it, each field becomes a variable."),
    Setting("outputs", Written.FEEL, 'What of the submission goes on: ={approved: decision = "yes"}; without it, all.'),
)
RULE: Final = _catalogue(_RESULT, Setting("input", Written.FEEL, "What the decision reads; without it, all variables."))
THROW: Final = _catalogue(
    Setting("payload", Written.FEEL, "What the message carries: a context."),
    Setting("correlation", Written.FEEL, "The keys by which the receiver is found: a context of texts."),
    Setting("businessKey", Written.FEEL, "The business key of the process that the message may start."),
    Setting("messageId", Written.FEEL, "By which a message sent twice is taken once."),
)
CATCH: Final = _catalogue(
    Setting(
        "correlation", Written.FEEL, "The keys that a message must carry to be the one waited for; ={} takes every message of its name."
    ),
    Setting("resultVariable", Written.VARIABLE, "The variable that takes the payload; without it, each entry becomes a variable."),
    _INPUTS,
)
TIMED: Final = _catalogue(_CALENDAR)
CAUGHT: Final = _catalogue(_RESULT)
HEARD: Final = _catalogue(CATCH["resultVariable"], _INPUTS, _INITIATOR)
_NOTHING: Final = _catalogue()

_BY_TAG: Final = {
    "process": PROCESS,
    "startEvent": START,
    "serviceTask": SERVICE,
    "userTask": USER,
    "manualTask": USER,
    "businessRuleTask": RULE,
    "sendTask": THROW,
    "receiveTask": CATCH,
}


def settings_of(tag: str, kinds: tuple[str, ...] = ()) -> Mapping[str, Setting]:
    """The settings that an element of this kind, with these event definitions, may have."""
    if tag in {"startEvent", "intermediateCatchEvent", "boundaryEvent"} and "message" in kinds:
        return CATCH
    if tag == "startEvent" and "signal" in kinds:
        return HEARD
    if tag in {"intermediateCatchEvent", "boundaryEvent", "intermediateThrowEvent", "endEvent"} and "signal" in kinds:
        return THROW if tag in {"intermediateThrowEvent", "endEvent"} else CATCH
    if tag in {"intermediateThrowEvent", "endEvent"} and not {"message", "escalation"}.isdisjoint(kinds):
        return THROW
    if tag in {"boundaryEvent", "startEvent"} and not {"error", "escalation"}.isdisjoint(kinds):
        return CAUGHT
    timed = "timer" in kinds and tag in {"intermediateCatchEvent", "boundaryEvent"}
    return TIMED if timed else _BY_TAG.get(tag, _NOTHING)


def setting_names(node: Node, setting: str) -> list[str]:
    """The names in a literal comma list; empty for FEEL."""
    value = node.properties.get(setting, "")
    return [] if value.strip().startswith("=") else [name.strip() for name in value.split(",") if name.strip()]
