"""Deploys the processes that come with the product: each folder of `bpmn/` is one bundle."""

from pathlib import Path

import bpmn
from api.product import Product
from engine.models.bundle import Bundle, read_bundle
from engine.runtime import deploy


def content() -> list[Bundle]:
    """Every bundle of `bpmn/`, by name."""
    folders = sorted(path for path in Path(bpmn.__path__[0]).iterdir() if path.is_dir() and any(path.glob("*.bpmn")))
    return [read_bundle(folder) for folder in folders]


def deploy_content(product: Product, *, actor: str) -> list[str]:
    """Deploy every bundle that differs from its latest version; answers what runs now, as `name version`. One transaction."""
    with product.database.transaction() as tx:
        made = [deploy.deploy(product.runtime, tx, bundle, actor) for bundle in content()]
    return [f"{deployment.name} {deployment.version}" for deployment in made]
