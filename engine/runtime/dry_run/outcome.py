"""What turns out differently from one version of a bundle to another: the scenarios of both are played on both, and told in words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final, Protocol

from engine.models.bundle import Bundle, FileKind
from engine.problems import Problem
from engine.runtime.dry_run.coverage import Coverage, cover
from engine.runtime.dry_run.differences import Difference, Ran, differences
from engine.runtime.dry_run.record import DryRun
from engine.runtime.dry_run.rehearsal import NotWaiting, Playable, play
from engine.runtime.dry_run.scenario import Scenario, read_scenario
from engine.runtime.dry_run.suite import Played, ScenariosFailed, reasons
from engine.service_tasks import ServiceTasks

#: What keeps a scenario of one version from going on with another one, and says nothing else of it.
_GOES_ON: Final = frozenset({NotWaiting.default_code, "not_offered"})
_NO_PROCESS: Final = "The bundle has no such process."
#: Where a scenario is kept, by whether the old and the new version have it.
_KEPT: Final[Mapping[tuple[bool, bool], str]] = {(True, True): "both", (True, False): "old", (False, True): "new"}


class Version(Playable, Protocol):
    """A version of a bundle, with its files."""

    @property
    def bundle(self) -> Bundle:
        """Its files."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a scenario comes out on one version; `says` are the sentences that say why it is not `ok`."""

    ok: bool
    says: Sequence[str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A scenario on both versions. `kept` says which has it: both, old or new; where both have one, the new one is played on both.

    `before` and `after` are null where the version has no such process, or the scenario cannot be read.
    """

    path: str
    name: str
    process: str
    kept: str
    before: Verdict | None
    after: Verdict | None
    differences: Sequence[Difference]

    @property
    def ok(self) -> bool:
        """Whether it comes out as it says on the new version; one that only the old one has need not."""
        return self.kept == "old" or (self.after is not None and self.after.ok)

    @property
    def sentence(self) -> str:
        """All of it in one sentence, such as "Large discount: ends in Rejected instead of Sent; asks Executive once more"."""
        return f"{self.name}: {'; '.join(each.says for each in self.differences)}"


@dataclass(frozen=True, slots=True)
class OutcomeDiff:
    """What turns out differently in all scenarios of two versions. `same` where nothing does; `ok` where none fails on the new one."""

    same: bool
    ok: bool
    outcomes: Sequence[Outcome]
    #: What the scenarios of the new version reach of it.
    coverage: Coverage

    @property
    def changed(self) -> list[Outcome]:
        """The scenarios that turn out differently."""
        return [each for each in self.outcomes if each.differences]

    @property
    def reached(self) -> Mapping[str, tuple[int, int]]:
        """How many of the steps, flows and rules of the new version some scenario reaches, and how many there are."""
        parts = {
            "steps": [each.scenarios for each in self.coverage.elements],
            "flows": [each.scenarios for each in self.coverage.flows],
            "rules": [each.scenarios for each in self.coverage.rules],
        }
        return {name: (sum(map(bool, passed)), len(passed)) for name, passed in parts.items()}

    @property
    def sentences(self) -> list[str]:
        """What turns out differently, a sentence for each scenario."""
        return [each.sentence for each in self.changed]


def compare_outcomes(old: Version | None, new: Version, service_tasks: ServiceTasks, zone: tzinfo) -> OutcomeDiff:
    """Play the scenarios of both versions on both of them; only those of the new one where there is no old one."""
    before = old.bundle if old else Bundle(new.bundle.name, {})
    played = [_outcome(path, old, new, service_tasks, zone) for path in _paths(before, new.bundle)]
    found = [outcome for outcome, _ in played]
    reached = cover(new.bundle, [run for outcome, run in played if run is not None and outcome.kept != "old"])
    return OutcomeDiff(not any(each.differences for each in found), all(each.ok for each in found), found, reached)


def refuse_failing(diff: OutcomeDiff) -> None:
    """Raises ScenariosFailed unless every scenario of the new version comes out as it says."""
    played = [each for each in diff.outcomes if each.kept != "old"]
    failed = [
        Played(each.path, each.name, each.process, ok=False, says=each.after.says if each.after else [_NO_PROCESS])
        for each in played
        if not each.ok
    ]
    if failed:
        raise ScenariosFailed(failed, len(played))


def _paths(old: Bundle, new: Bundle) -> Iterator[str]:
    yield from new.of_kind(FileKind.SCENARIO)
    yield from (path for path in old.of_kind(FileKind.SCENARIO) if path not in new.files)


def _outcome(path: str, old: Version | None, new: Version, service_tasks: ServiceTasks, zone: tzinfo) -> tuple[Outcome, DryRun | None]:
    in_old = old is not None and path in old.bundle.files
    kept = _KEPT[in_old, path in new.bundle.files]
    content = old.bundle.files[path] if old is not None and kept == "old" else new.bundle.files[path]
    try:
        scenario = read_scenario(content)
    except Problem as problem:
        return Outcome(path, path, "", kept, None, Verdict(ok=False, says=[problem.detail]), ()), None
    before, after = (_ran(version, scenario, service_tasks, zone) for version in (old, new))
    told = tuple(differences(before.going_on, after.going_on)) if before and after else ()
    verdicts = [None if each is None else each.verdict for each in (before, after)]
    outcome = Outcome(path, scenario.name or path, scenario.process, kept, verdicts[0], verdicts[1], told)
    return outcome, after.going_on.run if after else None


@dataclass(frozen=True, slots=True)
class _Ran:
    """A scenario on one version: how it comes out, and how it goes on past steps that only the other version waits for."""

    verdict: Verdict
    going_on: Ran


def _ran(version: Version | None, scenario: Scenario, service_tasks: ServiceTasks, zone: tzinfo) -> _Ran | None:
    process = next((each for each in version.processes if each.key == scenario.process), None) if version else None
    if version is None or process is None:
        return None
    run = play(version, scenario, service_tasks, zone)
    verdict = Verdict(not (says := reasons(run)), says)
    if run.fault is not None and run.fault.code in _GOES_ON:
        run = play(version, scenario, service_tasks, zone, skipping=True)
    return _Ran(verdict, Ran(run, {each.id: each.name for each in process.elements.values()}))
