"""The service tasks of waves."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from engine.service_tasks import ServiceTasks
from handlers.fulfillment import waves

tasks = ServiceTasks()


@dataclass(frozen=True, slots=True)
class NothingGiven:
    """Nothing is asked: all that waits is looked at."""


@dataclass(frozen=True, slots=True)
class KindsWaiting:
    """The kinds of groups that wait to be picked and are in no wave."""

    kinds: list[waves.Kind]


@dataclass(frozen=True, slots=True)
class MakeWaves:
    """The kinds that wait, and for each, in the same order, what the decision on waves says of it; nothing: it is picked by itself."""

    kinds: list[waves.Kind]
    rules: list[waves.Rule | None]


@dataclass(frozen=True, slots=True)
class Made:
    """The numbers of the waves that were made."""

    waves: list[str]


@tasks.register("fulfillment.list_kinds_to_pick")
def list_kinds_to_pick(_given: NothingGiven, tx: Session) -> KindsWaiting:
    """See which kinds of groups wait to be picked: from which warehouse, to where, of one item or several, due today or later."""
    return KindsWaiting(waves.kinds_waiting(tx))


@tasks.register("fulfillment.make_waves")
def make_waves(given: MakeWaves, tx: Session) -> Made:
    """Gather what waits into waves, each of one warehouse and one rule; a group is in one wave."""
    return Made(waves.make_waves(tx, given.kinds, [rule or waves.Rule() for rule in given.rules]))
