"""Finds every capability by its folder; no list to keep.

A file `tasks.py` registers service tasks, `model.py` maps tables, `guarded.py` says what takes a second person.
"""

from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

import handlers
from engine.runtime.state.guarded_acts import GuardedAct
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


def guarded_acts() -> list[GuardedAct]:
    """Every act of the business that may take a second person."""
    return [
        act for capability in capabilities() if find_spec(f"{capability}.guarded") for act in import_module(f"{capability}.guarded").ACTS
    ]


def capabilities() -> list[str]:
    """Every capability's package, by name."""
    return sorted(f"handlers.{module.name}" for module in iter_modules(handlers.__path__) if module.ispkg)
