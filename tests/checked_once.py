"""The bundles of `bpmn/` are looked at once a run, and not in each of the hundred tests that deploy them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import bpmn
from engine.models.bundle import Bundle
from engine.models.check import CheckedBundle, check
from engine.runtime.verbs import deploy
from engine.service_tasks import ServiceTasks


@contextmanager
def checked_once() -> Iterator[None]:
    """Meanwhile a deployment of the same bytes with the same service tasks takes the answer that the first one found.

    What was compiled is shared by tests as it is by the threads of a process. A new runtime compiles anew, as the product does.
    """
    ours = {folder.name for folder in Path(bpmn.__path__[0]).iterdir()}
    answers: dict[object, tuple[object, CheckedBundle]] = {}

    def remembered(bundle: Bundle, service_tasks: ServiceTasks, *more: Any) -> CheckedBundle:
        if bundle.name not in ours:
            return check(bundle, service_tasks, *more)
        known = tuple(service_tasks)
        asked = (bundle.name, bundle.sha256, tuple(map(id, known)), *map(str, more))
        if asked not in answers:
            answers[asked] = known, check(bundle, service_tasks, *more)  # kept with it, so that no other task gets its id
        return answers[asked][1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deploy, "check", remembered)
        yield
