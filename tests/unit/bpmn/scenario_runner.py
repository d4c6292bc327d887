"""The scenarios of `bpmn/` as the product plays them, each once for all tests that look at it."""

from datetime import UTC
from functools import cache
from pathlib import Path

import bpmn
from api.auth.roles import GROUPS
from engine.models.bundle import read_bundle
from engine.models.check import CheckedBundle, check
from engine.runtime.dry_run.record import DryRun
from engine.runtime.dry_run.rehearsal import play
from engine.runtime.dry_run.scenario import read_scenario
from engine.service_tasks import ServiceTasks
from handlers.registry import service_tasks

ROOT = Path(bpmn.__file__).parent
FILES = sorted(ROOT.glob("*/*.scenario.json"))
FOLDERS = sorted({file.parent for file in FILES})


def id_of(file: Path) -> str:
    return f"{file.parent.name}/{file.name.removesuffix('.scenario.json')}"


@cache
def tasks() -> ServiceTasks:
    return service_tasks()


@cache
def checked_folder(folder: Path) -> CheckedBundle:
    """Looked at once for all scenarios of a folder: what is compiled is not changed by running it."""
    return check(read_bundle(folder), tasks(), GROUPS)


@cache
def played(file: Path) -> DryRun:
    return play(checked_folder(file.parent), read_scenario(file.read_bytes()), tasks(), UTC)
