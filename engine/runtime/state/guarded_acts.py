"""Acts that may take a second person: what each is called with, what it would change, when it takes two, and the verb that does it.

A capability registers its acts; `engine.runtime.verbs.pending_changes` does them or keeps them until another person has confirmed.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.runtime.state.runtime import Runtime

#: Whose members may confirm anything: they keep the house.
KEEPERS = "admin"


@dataclass(frozen=True, slots=True)
class Wanting:
    """Who wants an act done, and why; `version` is what they saw, where another one refuses the act."""

    name: str
    reason: str = ""
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Weighed:
    """An act as it would be if it were done now.

    `subject` is what it is about, as the audit log names things; one change of a subject waits at a time. `does` says it in a sentence,
    `effect` by field: `from` and `to`. `seen` is what it was decided on: where that has changed, what was asked for is not done any more.
    `rule` says why it takes a second person, and is empty where it takes none. `excluded` had a hand in it beside whoever asks.
    It is shown on the pages of what it is `about`, beside its subject.
    """

    subject: str
    does: str
    effect: Mapping[str, Any] = field(default_factory=dict)
    seen: Mapping[str, Any] = field(default_factory=dict)
    rule: str = ""
    excluded: tuple[str, ...] = ()
    about: tuple[str, ...] = ()


@dataclass(frozen=True)
class GuardedAct:
    """One verb that may take a second person: `input_type` is a dataclass, `confirmers` are the groups whose members may confirm it."""

    name: str
    title: str
    input_type: Any
    confirmers: tuple[str, ...]
    weigh: Callable[[Runtime, Session, Any, Wanting], Weighed]
    carry_out: Callable[[Runtime, Session, Any, Wanting], Any]

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        """Reads and writes the input as JSON."""
        return TypeAdapter(self.input_type)


class GuardedActs:
    """The acts by name: a port of the runtime, bound by the bootstrap."""

    def __init__(self, acts: Iterable[GuardedAct]) -> None:
        self._by_name = {act.name: act for act in acts}

    def __getitem__(self, name: str) -> GuardedAct:
        if name not in self._by_name:
            raise NotFound(f"There is no act {name!r}.", code="act_unknown", next_step="Look at the changes that wait.")
        return self._by_name[name]

    def title(self, name: str) -> str:
        """What an act is called on pages; of one that a later release knows no more, its name."""
        return self._by_name[name].title if name in self._by_name else name


class Thresholds(Protocol):
    """The numbers above which an act takes two: a port of the runtime, so that whoever keeps the numbers of the business keeps these."""

    def above(self, tx: Session, name: str) -> Any:
        """The number, a Decimal."""


def acts_of(runtime: Runtime) -> GuardedActs:
    """The acts that the bootstrap bound. Raises KeyError where it bound none."""
    acts: Any = runtime.ports[GuardedActs]
    return acts  # type: ignore[no-any-return]


def threshold(runtime: Runtime, tx: Session, name: str) -> Any:
    """The number above which an act takes two."""
    thresholds: Any = runtime.ports[Thresholds]
    return thresholds.above(tx, name)
