"""What may be done to an instance in which state: the one table of verbs and states. `docs/states-and-verbs.md` is printed from it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from engine.problems import Conflict
from engine.runtime.state.stretch import Held
from engine.store.tables import InstanceState


class Answer(StrEnum):
    """What becomes of a verb."""

    #: It is done in the caller's transaction.
    DO = "do"
    #: It is noted, and done when the instance is free or resumed.
    NOTE = "note"
    #: The instance has ended.
    ENDED = "instance_ended"
    #: An operator has suspended it.
    SUSPENDED = "instance_suspended"
    #: A worker is at it in this moment.
    BUSY = "instance_busy"
    #: It is not suspended.
    NOT_SUSPENDED = "instance_not_suspended"
    #: It has not ended.
    NOT_ENDED = "instance_not_ended"


#: The state `leased` is that of an instance a worker holds, whatever its row says.
LEASED: Final = "leased"
_OPEN: Final = ("running", "waiting", "incident")
_ENDED: Final = ("completed", "cancelled")


def _row(*, free: Answer, leased: Answer, suspended: Answer, ended: Answer = Answer.ENDED) -> dict[str, Answer]:
    return {**dict.fromkeys(_OPEN, free), LEASED: leased, "suspended": suspended, **dict.fromkeys(_ENDED, ended)}


_NOTED = _row(free=Answer.DO, leased=Answer.NOTE, suspended=Answer.NOTE)
_AT_REST = _row(free=Answer.DO, leased=Answer.BUSY, suspended=Answer.SUSPENDED)
_ALWAYS = _row(free=Answer.DO, leased=Answer.DO, suspended=Answer.DO)

#: Verb and state to answer. Facts are verbs too: a message for a leased instance is noted.
VERBS: Final[Mapping[str, Mapping[str, Answer]]] = {
    "user_task": _NOTED,
    "send_back": _NOTED,
    "message": _NOTED,
    "signal": _NOTED,
    "timer": _NOTED,
    "work_result": _NOTED,
    "retry": _NOTED,
    "complete": _AT_REST,
    "skip": _AT_REST,
    "move": _AT_REST,
    "go_back": _AT_REST,
    "change_data": _AT_REST,
    "move_timer": _AT_REST,
    "migrate": _AT_REST,
    "suspend": _row(free=Answer.DO, leased=Answer.DO, suspended=Answer.SUSPENDED),
    "resume": _row(free=Answer.NOT_SUSPENDED, leased=Answer.NOT_SUSPENDED, suspended=Answer.DO),
    "cancel": _ALWAYS,
    "start_anew": _row(free=Answer.NOT_ENDED, leased=Answer.NOT_ENDED, suspended=Answer.NOT_ENDED, ended=Answer.DO),
}

_WORDS: Final[Mapping[Answer, tuple[str, str]]] = {
    Answer.ENDED: ("The instance is {state}.", "Nothing more can happen to it; look at its history, or start it anew."),
    Answer.SUSPENDED: ("An operator has suspended the instance.", "Resume it first."),
    Answer.BUSY: ("A worker is at the instance in this moment.", "Wait a moment, and try again."),
    Answer.NOT_SUSPENDED: ("The instance is {state}, not suspended.", "Nothing needs to be resumed."),
    Answer.NOT_ENDED: ("The instance is {state}.", "Cancel it first, if it is to begin again; or let it go back to an earlier step."),
}


def answer_to(verb: str, held: Held) -> Answer | Conflict:
    """Whether a verb is done or noted, or why it is refused."""
    state = held.state
    if held.leased and state in _OPEN:
        state = LEASED
    answer = VERBS[verb][state]
    if answer not in _WORDS:
        return answer
    detail, next_step = _WORDS[answer]
    return Conflict(detail.format(state=InstanceState(held.state)), code=answer.value, next_step=next_step)
