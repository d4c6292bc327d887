"""Two versions of a bundle compared, with the running instances that the change touches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from engine.models.diff import BundleDiff, Touch, compare
from engine.runtime.read.bundles import BundleVersion, Standing, files_of, get_version, list_standing, processes_of


@dataclass(frozen=True, slots=True)
class Touched:
    """An element that changed or went away, why it is touched, and the running instances that stand on it, by version of the bundle."""

    element_id: str
    name: str
    reason: str
    instances: int
    by_version: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs from `old` to `new`, whom it touches, and the processes that the new one does not have any more."""

    old: BundleVersion
    new: BundleVersion
    diff: BundleDiff
    touched: Sequence[Touched]
    processes_gone: Sequence[str]


def compare_versions(tx: Session, name: str, old: str, new: str) -> Comparison:
    """Compare two versions, each a number or LATEST. A constant number of statements. Raises Invalid, NotFound."""
    before, after = get_version(tx, name, old), get_version(tx, name, new)
    diff = compare(files_of(tx, before.id), files_of(tx, after.id))
    standing = list_standing(tx, name, diff.touched)
    processes = processes_of(tx, {before.id, after.id})
    kept = {each.process_key for each in processes[after.id]}
    gone = [each.name for each in processes[before.id] if each.process_key not in kept]
    return Comparison(before, after, diff, touched_by(diff.touched, standing, after.version), gone)


def touched_by(touches: Mapping[str, Touch], standing: Sequence[Standing], new: int | None) -> list[Touched]:
    """The elements that somebody stands on, the most first; who runs the new version already is not touched."""
    by_element: dict[str, dict[int, int]] = {}
    for each in standing:
        if each.version != new:
            versions = by_element.setdefault(each.element_id, {})
            versions[each.version] = versions.get(each.version, 0) + each.instances
    found = [
        Touched(element, touches[element].name, touches[element].reason, sum(versions.values()), versions)
        for element, versions in by_element.items()
    ]
    return sorted(found, key=lambda each: (-each.instances, each.element_id))
