"""What the deployment of a draft would change, against what is deployed now, and the running instances that it touches."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from engine.models.diff import BundleDiff, compare
from engine.runtime.read.bundles import LATEST, files_of, get_version, list_standing
from engine.runtime.read.comparisons import Touched, touched_by
from engine.runtime.read.drafts import bundle_of, deployed_version


@dataclass(frozen=True, slots=True)
class DraftChanges:
    """What differs from the deployed version (null where nothing is deployed), and whom it touches."""

    version: int | None
    diff: BundleDiff
    touched: Sequence[Touched]


def changes_of(tx: Session, bundle: str) -> DraftChanges:
    """Compare a draft with what is deployed now. A constant number of statements. Raises NotFound."""
    drafted = bundle_of(tx, bundle).files
    version = deployed_version(tx, bundle)
    if version is None:
        return DraftChanges(None, compare({}, drafted), ())
    diff = compare(files_of(tx, get_version(tx, bundle, LATEST).id), drafted)
    return DraftChanges(version, diff, touched_by(diff.touched, list_standing(tx, bundle, diff.touched), None))
