"""Measures the dry run of the five processes' happy paths, as a first request would find it: nothing read or compiled yet."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC
from functools import partial
from time import perf_counter

from api.auth.roles import GROUPS
from api.content import content
from engine.models.check import check
from engine.runtime.dry_run.record import DryRun
from engine.runtime.dry_run.rehearsal import play
from engine.runtime.dry_run.scenario import read_scenario
from handlers.registry import service_tasks

_PROCESSES = ("quote-to-order", "order-to-promise", "fulfillment-to-invoice", "dropship", "invoice-to-receipt")


@dataclass(frozen=True, slots=True)
class Took:
    """What one bundle took, in milliseconds of the wall clock."""

    bundle: str
    check_ms: float
    play_ms: float
    elements: int


def happy_paths() -> Iterator[tuple[str, Callable[[], DryRun]]]:
    """The happy path of each of the five, compiled and ready to be played as often as asked."""
    tasks = service_tasks()
    for bundle in content():
        if bundle.name in _PROCESSES:
            checked = check(bundle, tasks, GROUPS)
            scenario = read_scenario(bundle.files["happy-path.scenario.json"])
            yield bundle.name, partial(play, checked, scenario, tasks, UTC)


def run() -> list[Took]:
    """Check each bundle and play its happy path once. Raises AssertionError where one does not come out as it says."""
    tasks = service_tasks()
    took = []
    for bundle in content():
        if bundle.name in _PROCESSES:
            began = perf_counter()
            checked = check(bundle, tasks, GROUPS)
            between = perf_counter()
            found = play(checked, read_scenario(bundle.files["happy-path.scenario.json"]), tasks, UTC)
            ended = perf_counter()
            if not found.ok:
                raise AssertionError(f"The happy path of {bundle.name} does not come out as it says.")
            took.append(Took(bundle.name, (between - began) * 1000, (ended - between) * 1000, len(found.lines)))
    return took
