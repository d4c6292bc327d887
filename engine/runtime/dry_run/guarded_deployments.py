"""What takes a second person among deployments: a process that moves money, and a bundle that takes over the process of another.

Each way to deploy is an act: files, a draft, files that a tool sends alone, and going back to an earlier version.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import ConfigDict
from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.models.bundle import Bundle
from engine.models.money import moving_money
from engine.models.reading.identity import named_in
from engine.runtime.dry_run.stage import judge
from engine.runtime.read.bundles import LATEST, bundle_of
from engine.runtime.state.guarded_acts import GuardedAct, Wanting, Weighed
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import deploy, drafts
from engine.runtime.verbs.deploy import MAX_NOTE, Author, Deployment
from engine.runtime.verbs.deploy_files import Sent, Taken, deploy_files, files_with
from engine.runtime.verbs.rollback import RollBack, RolledBack, roll_back
from engine.store.locks import Advisory, advisory

_NOBODY: Mapping[str, str] = {}
_BYTES = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")


@dataclass(frozen=True, kw_only=True)
class GivenBundle:
    """Files to be deployed as the next version of a bundle; with `scenarios` only when all of them come out as they say."""

    __pydantic_config__: ClassVar[ConfigDict] = _BYTES
    name: str
    files: dict[str, bytes]
    note: str = ""
    scenarios: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenDraft:
    """A draft to be deployed as it stands."""

    bundle: str
    note: str = ""
    scenarios: bool = True


@dataclass(frozen=True, kw_only=True)
class GivenFiles:
    """Files that a tool sends alone; each takes its place in the bundle that has its process."""

    __pydantic_config__: ClassVar[ConfigDict] = _BYTES
    title: str
    files: dict[str, bytes]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenRollBack:
    """To which version of a bundle to go back; `newest` is the newest one that was seen."""

    name: str
    version: int
    newest: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Deployed:
    """The version that was made, and what turns out differently from the one before where its scenarios were played."""

    made: Deployment
    outcome: list[str]


class _Acts:
    """The verbs with the groups that a diagram may name."""

    def __init__(self, groups: Collection[str]) -> None:
        self._groups = groups

    def bundle(self, runtime: Runtime, tx: Session, given: GivenBundle, by: Wanting) -> Deployed:
        made = deploy.deploy(runtime, tx, Bundle(given.name, given.files), Author(by.name, given.note), self._groups)
        return Deployed(made, judge(runtime, tx, made) if given.scenarios else [])

    def draft(self, runtime: Runtime, tx: Session, given: GivenDraft, by: Wanting) -> Deployed:
        made = drafts.deploy_draft(runtime, tx, given.bundle, Author(by.name, given.note), self._groups)
        return Deployed(made, judge(runtime, tx, made) if given.scenarios else [])

    def files(self, runtime: Runtime, tx: Session, given: GivenFiles, by: Wanting) -> Taken:
        return deploy_files(runtime, tx, Sent(given.title, given.files), Author(by.name, given.note[:MAX_NOTE]), self._groups)

    def roll_back(self, runtime: Runtime, tx: Session, given: GivenRollBack, by: Wanting) -> RolledBack:
        return roll_back(runtime, tx, RollBack(given.name, given.version, given.newest), Author(by.name, given.note), self._groups)


def _weigh_bundle(runtime: Runtime, tx: Session, given: GivenBundle, _by: Wanting) -> Weighed:
    return _weighed(runtime, tx, Bundle(given.name, given.files), f"Deploy {given.name}")


def _weigh_draft(runtime: Runtime, tx: Session, given: GivenDraft, _by: Wanting) -> Weighed:
    bundle, authors = drafts.bundle_of_draft(tx, given.bundle)
    return _weighed(runtime, tx, bundle, f"Deploy the draft of {given.bundle}", authors)


def _weigh_files(runtime: Runtime, tx: Session, given: GivenFiles, _by: Wanting) -> Weighed:
    bundle, _ = files_with(tx, Sent(given.title, given.files))
    return _weighed(runtime, tx, bundle, f"Deploy {', '.join(sorted(given.files))} into {bundle.name}")


def _weigh_roll_back(runtime: Runtime, tx: Session, given: GivenRollBack, _by: Wanting) -> Weighed:
    if not tx.scalar(_EXISTS, {"name": given.name, "version": given.version}):  # the verb says so
        return Weighed(f"bundle:{given.name}", "")
    _, bundle = bundle_of(tx, given.name, str(given.version))
    return _weighed(runtime, tx, bundle, f"Roll {given.name} back to version {given.version}")


def _weighed(runtime: Runtime, tx: Session, bundle: Bundle, does: str, authors: Mapping[str, str] = _NOBODY) -> Weighed:
    advisory(tx, Advisory.DEPLOY)  # nobody deploys between what is seen here and what is done
    version = tx.execute(_VERSION, {"name": bundle.name}).scalar_one()
    before = bundle_of(tx, bundle.name, LATEST)[1] if version else None
    keys = sorted({key for path, content in bundle.files.items() for key in named_in(path, content) if path.endswith(".bpmn")})
    owners = {row.process_key: row.name for row in tx.execute(_OWNERS, {"keys": keys, "name": bundle.name})}
    old = before.files if before else {}
    changed = sorted(path for path in old.keys() | bundle.files.keys() if old.get(path) != bundle.files.get(path))
    return Weighed(
        f"bundle:{bundle.name}",
        does,
        {"version": {"from": version, "to": version + 1}, **{path: _said(path, old, bundle.files) for path in changed}},
        {"version": version, "owners": owners, "sha256": bundle.sha256},
        "" if deploy.in_force(tx, bundle.sha256) else _rule(runtime, [bundle, *([before] if before else [])], owners),
        tuple({authors[path] for path in changed if path in authors}),
    )


def _said(path: str, old: Mapping[str, bytes], new: Mapping[str, bytes]) -> dict[str, Any]:
    return {
        "from": f"{len(old[path]):,} bytes" if path in old else None,
        "to": ("changed" if path in old else "new") if path in new else "removed",
    }


def _rule(runtime: Runtime, bundles: Collection[Bundle], owners: Mapping[str, str]) -> str:
    """Why it takes two: before or after it the bundle moves money, or it takes what is another's."""
    if owners:
        return f"It takes over {', '.join(f'{key} of {name}' for key, name in sorted(owners.items()))}."
    called = sorted({name for each in bundles for name in moving_money(each, runtime.service_tasks)})
    return f"It moves money: {', '.join(called[:5])}{' and more' if len(called) > 5 else ''}." if called else ""  # noqa: PLR2004


def acts(groups: Collection[str]) -> list[GuardedAct]:
    """Every way to deploy, for people; `groups` are those that a diagram may name."""
    verbs, who = _Acts(groups), ("analyst", "finance")
    return [
        GuardedAct("deploy.bundle", "Deployment", GivenBundle, who, _weigh_bundle, verbs.bundle),
        GuardedAct("deploy.draft", "Deployment of a draft", GivenDraft, who, _weigh_draft, verbs.draft),
        GuardedAct("deploy.files", "Deployment of files", GivenFiles, who, _weigh_files, verbs.files),
        GuardedAct("deploy.roll_back", "Rolling back", GivenRollBack, who, _weigh_roll_back, verbs.roll_back),
    ]


_EXISTS = text("SELECT EXISTS (SELECT FROM deployment WHERE name = :name AND version = :version)")
_VERSION = text("SELECT coalesce(max(version), 0) FROM deployment WHERE name = :name")
#: Processes that another bundle runs.
_OWNERS = text("""
SELECT v.process_key, d.name FROM process_version AS v JOIN deployment AS d ON d.id = v.deployment_id
WHERE v.latest AND v.process_key = ANY(CAST(:keys AS text[])) AND d.name <> :name ORDER BY v.process_key
""")
