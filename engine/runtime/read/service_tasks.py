"""The catalogue of service tasks: each with what its code says of it, where diagrams in force use it, and an example."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from sqlalchemy.orm import Session

from engine.models.bundle import FileKind
from engine.models.reading.uses import Example, Use, index_answers, index_examples, index_uses
from engine.problems import NotFound
from engine.runtime.read.bundles import diagrams_in_force, files_in_force
from engine.service_tasks import ServiceTasks
from engine.task_catalogue import TaskDescription, describe
from engine.work import unbounded


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A service task: what its code says, the steps of diagrams in force that run it, and one of them as an example."""

    task: TaskDescription
    uses: Sequence[Use]
    example: Example | None


def list_service_tasks(tx: Session, tasks: ServiceTasks, search: str = "") -> list[CatalogueEntry]:
    """Every service task by name; `search` finds words of its name, purpose, fields and errors. Two statements."""
    with unbounded():  # what was deployed was bounded then
        deployed = diagrams_in_force(tx)
    scenarios = {name: list(files.values()) for name, files in files_in_force(tx, FileKind.SCENARIO).items()}
    uses, examples = index_uses(deployed), index_examples(deployed, index_answers(scenarios))
    wanted = search.lower().split()
    described = (describe(task) for task in sorted(tasks, key=lambda task: task.name))
    return [
        CatalogueEntry(task, uses.get(("service_task", task.name), ()), examples.get(task.name))
        for task in described
        if all(word in _words(task) for word in wanted)
    ]


def get_service_task(tx: Session, tasks: ServiceTasks, name: str) -> CatalogueEntry:
    """One service task. Raises NotFound."""
    found = next((entry for entry in list_service_tasks(tx, tasks) if entry.task.name == name), None)
    if found is None:
        near = get_close_matches(name, [task.name for task in tasks], n=3)
        hint = f"Did you mean {', '.join(near)}?" if near else "Look at the catalogue of service tasks."
        raise NotFound(f"No service task is named {name[:100]!r}.", code="service_task_unknown", next_step=hint)
    return found


def _words(task: TaskDescription) -> str:
    fields = [*task.parameters, *task.result]
    names = [text for each in fields for text in (each.name, each.meaning)]
    return " ".join([task.name, task.purpose, *names, *(error.code for error in task.errors)]).lower()
