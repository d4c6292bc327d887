"""What a running installation is made of: handed to views by the application, to commands by `bootstrap`."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import cast

from flask import current_app

from api.settings import Settings
from engine.jobs.worker import Worker
from engine.runtime.state.runtime import Runtime
from engine.store.unit_of_work import Database

EXTENSION = "ordercraft"


@dataclass(frozen=True, slots=True)
class Product:
    """One installation: its settings, database, engine, and the worker when one runs in this process."""

    settings: Settings
    database: Database
    runtime: Runtime
    worker: Worker | None = None
    demo: bool = False
    #: What the tables lack or have too much against this version of the product, looked at when it started.
    schema_differences: Sequence[str] = ()
    #: The groups that a diagram may name; None where nobody keeps a list of them.
    groups: Collection[str] | None = None


def product() -> Product:
    """The installation that answers the current request."""
    return cast(Product, current_app.extensions[EXTENSION])
