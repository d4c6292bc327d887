"""Deploys the processes that come with the product: each folder of `bpmn/` is one bundle."""

from pathlib import Path

from sqlalchemy import text

import bpmn
from api.product import Product
from engine.models.bundle import Bundle, read_bundle
from engine.runtime.verbs import deploy


def content() -> list[Bundle]:
    """Every bundle of `bpmn/`, by name."""
    folders = sorted(path for path in Path(bpmn.__path__[0]).iterdir() if path.is_dir() and any(path.glob("*.bpmn")))
    return [read_bundle(folder) for folder in folders]


def deploy_content(product: Product, *, actor: str) -> list[str]:
    """Deploy the product's own bundles, and answer what was looked at, as `name version`. One transaction.

    A process that somebody else has deployed since is left as it is: an analyst's change outlives restarts and updates of the product.
    """
    with product.database.transaction() as tx:
        theirs = set(tx.scalars(_DEPLOYED_BY_OTHERS, {"us": actor}))
        made = [deploy.deploy(product.runtime, tx, bundle, actor) for bundle in content() if bundle.name not in theirs]
    return [f"{deployment.name} {deployment.version}" for deployment in made]


# A bundle of the product is named after its main process.
_DEPLOYED_BY_OTHERS = text(
    "SELECT process_key FROM process_version JOIN deployment ON deployment.id = deployment_id WHERE latest AND deployed_by <> :us"
)
