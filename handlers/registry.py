"""Finds every capability by its folder: a file `tasks.py` registers service tasks, a file `model.py` maps tables. No list to keep."""

from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

import handlers
from engine.service_tasks import ServiceTasks


def load_models() -> None:
    """Import every capability's tables, so that the one MetaData knows them."""
    for capability in capabilities():
        if find_spec(f"{capability}.model"):
            import_module(f"{capability}.model")


def service_tasks() -> ServiceTasks:
    """Every service task a diagram may name."""
    everything = ServiceTasks()
    for capability in capabilities():
        if find_spec(f"{capability}.tasks"):
            everything.include(import_module(f"{capability}.tasks").tasks)
    return everything


def capabilities() -> list[str]:
    """Every capability's package, by name."""
    return sorted(f"handlers.{module.name}" for module in iter_modules(handlers.__path__) if module.ispkg)
