"""What a mail says, as the payload of an effect. Where it is about a task, a link that opens only that is made when it is sent."""

from dataclasses import dataclass
from typing import Any, Final

from api.notices.readers import Reader
from engine.runtime.state.effects import Effect

#: The kind of effect of everything we tell people.
NOTICE: Final = "notice"


@dataclass(frozen=True, slots=True)
class Letter:
    """What is written: `path` is where it leads, or `task` the row of the task that it is about, with its instance."""

    subject: str
    text: str
    path: str = "/worklist"
    task: Any = None


def to_person(key: str, reader: Reader, letter: Letter) -> Effect:
    """A mail to somebody who works here."""
    payload = {"person": reader.name, "subject": _line(letter.subject), "text": letter.text, "language": reader.language}
    task = letter.task
    if task is None:
        return Effect(key, NOTICE, reader.name, payload | {"path": letter.path})
    payload |= {"path": f"/worklist/{task.id}", "task_id": str(task.id)}
    return Effect(key, NOTICE, reader.name, payload, task.instance_id, task.element_id, task.business_key)


def to_address(key: str, address: str, subject: str, text: str, path: str) -> Effect:
    """A mail to an address that is nobody's account."""
    return Effect(key, NOTICE, address, {"address": address, "subject": _line(subject), "text": text, "path": path})


def _line(text: str) -> str:
    """A header has one line, whatever a title holds."""
    return " ".join(text.split())[:200]
