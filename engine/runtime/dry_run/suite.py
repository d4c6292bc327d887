"""Plays every scenario of a bundle, each from its own beginning, with what they cover together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from engine.models.bundle import Bundle, FileKind
from engine.problems import Invalid, Problem
from engine.runtime.dry_run.coverage import Coverage, cover
from engine.runtime.dry_run.record import DryRun
from engine.runtime.dry_run.rehearsal import Playable, play
from engine.runtime.dry_run.scenario import read_scenario
from engine.service_tasks import ServiceTasks


@dataclass(frozen=True, slots=True)
class Played:
    """How one scenario went; `says` are the sentences that say why it is not `ok`."""

    path: str
    name: str
    process: str
    ok: bool
    says: Sequence[str]


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """How all scenarios of a bundle went. `ok` where none failed; a bundle without scenarios is."""

    ok: bool
    scenarios: Sequence[Played]
    coverage: Coverage

    @property
    def failed(self) -> list[Played]:
        """Those that are not as they expect."""
        return [each for each in self.scenarios if not each.ok]


class ScenariosFailed(Invalid):
    """A bundle whose scenarios do not come out as they say; nothing was deployed. `scenarios` are those that failed."""

    default_code = "scenarios_failed"

    def __init__(self, failed: Sequence[Played], of: int) -> None:
        first = failed[0]
        super().__init__(
            f"{len(failed)} of {of} scenarios failed. The first, {first.name or first.path}: {first.says[0]}",
            next_step="Correct the model or, where the change is meant, the scenario; or deploy without asking the scenarios.",
        )
        self.failed = tuple(failed)

    @property
    def members(self) -> Mapping[str, Any]:
        """Every scenario that failed."""
        return {"scenarios": self.failed}


def play_all(playable: Playable, bundle: Bundle, service_tasks: ServiceTasks, zone: tzinfo) -> SuiteRun:
    """Play all scenarios of a bundle with the answers that they have."""
    runs: list[DryRun] = []
    played = []
    for path, content in bundle.of_kind(FileKind.SCENARIO).items():
        try:
            run = play(playable, read_scenario(content), service_tasks, zone)
        except Problem as problem:
            played.append(Played(path, path, "", ok=False, says=[problem.detail]))
        else:
            runs.append(run)
            says = tuple(reasons(run))
            played.append(Played(path, run.name or path, run.process, not says, says))
    return SuiteRun(all(each.ok for each in played), played, cover(bundle, runs))


def reasons(run: DryRun) -> list[str]:
    """Why a run is not as expected, a sentence each; none where it is. A scenario that expects nothing is no test of anything."""
    found = [f"Step {run.fault.step}: {run.fault.message}" if run.fault.step else run.fault.message] if run.fault else []
    found += [f"{each.element_id}: {each.message}" for each in run.waiting.failed]
    found += [each.says for each in run.comparisons if not each.ok]
    return found if found or run.comparisons else ["It expects nothing: say under `expect` what is to come of it."]
