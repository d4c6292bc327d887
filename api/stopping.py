"""Suspending and resuming from the command line, at every level."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from api.bootstrap import build
from api.settings import Settings
from engine.problems import Invalid, NotFound
from engine.runtime.operate import operations, suspensions
from engine.runtime.operate.suspensions import Stop
from engine.runtime.state.runtime import Runtime

LEVELS: Final = ("instance", "service-task", "process")
_INSTANCE: Final[Mapping[str, Any]] = {"suspend": operations.suspend, "resume": operations.resume}
_LEVEL: Final[Mapping[str, Any]] = {"suspend": suspensions.suspend, "resume": suspensions.resume}
_DONE: Final = {"suspend": "Suspended", "resume": "Resumed"}


def stop_or_go_on(verb: str, level: str, what: str, by: tuple[str, str], version: int) -> str:
    """Suspend or resume; answers what is said of it. `by` is who does it and why. Raises Problem."""
    runtime = build(Settings.from_environment()).runtime
    with runtime.database.transaction() as tx:
        if level == "instance":
            _INSTANCE[verb](runtime, tx, _id(what), *by)
            return f"{_DONE[verb]}: instance {what}."
        return _act(runtime, tx, verb, Stop(level.replace("-", "_"), what, *by, _version_id(tx, what, version)))


def _act(runtime: Runtime, tx: Session, verb: str, stop: Stop) -> str:
    many = _LEVEL[verb](runtime, tx, stop)
    goes_on = f" {many} held back go on now." if many else ""
    return f"{_DONE[verb]}: {stop.level.replace('_', ' ')} {stop.name}.{goes_on}"


def _id(what: str) -> UUID:
    try:
        return UUID(what)
    except ValueError:
        raise Invalid(
            f"{what!r} is no id of an instance.", code="instance_id", next_step="Give the id; `ordercraft explain` shows it."
        ) from None


def _version_id(tx: Session, key: str, version: int) -> int:
    if not version:
        return 0
    found: int | None = tx.execute(_VERSION, {"key": key, "version": version}).scalar()
    if found is None:
        raise NotFound(f"{key} has no version {version}.", code="process_version_unknown", next_step="Look at the versions of the process.")
    return found


_VERSION = text("SELECT id FROM process_version WHERE process_key = :key AND version = :version")
