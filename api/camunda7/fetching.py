"""What a worker asks for, as it says it: topics with their filters, how many, in which order, and how long it waits."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from api.camunda7.definitions import parts_of_id
from api.camunda7.variables import read_variables
from api.errors import BadRequest
from engine.problems import Invalid
from engine.runtime.verbs.external_fetch import LONGEST_LOCK, Fetch, Topic

#: Milliseconds that Camunda lets a worker wait, and seconds that we let it: an empty answer is as good, and the worker asks again.
_LONGEST_ASKED: Final = 1_800_000
_LONGEST_WAIT: Final = 30.0
_MOST_TASKS: Final = 500
_MOST_TOPICS: Final = 200
_FETCH: Final = frozenset({"workerId", "maxTasks", "usePriority", "sorting", "asyncResponseTimeout", "topics"})
_TOPIC: Final = frozenset(
    {
        "topicName", "lockDuration", "variables", "localVariables", "deserializeValues", "businessKey", "processDefinitionId",
        "processDefinitionIdIn", "processDefinitionKey", "processDefinitionKeyIn", "processVariables", "withoutTenantId",
        "includeExtensionProperties",
    }
)  # fmt: skip
#: What asks for nothing, however it is spelt.
_NOTHING: Final[tuple[Any, ...]] = (None, False, "", [], {})


@dataclass(frozen=True, slots=True)
class Given:
    """Which variables go with the tasks of a topic: all where no names are said; `local_only`: those that the diagram gives it.

    `properties`: whether the extension properties of the step go along.
    """

    names: frozenset[str] | None
    local_only: bool
    properties: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A fetch, what each topic is given, and how many seconds it may wait."""

    fetch: Fetch
    given: Mapping[str, Given]
    wait: float


def read_fetch(body: Mapping[str, Any]) -> Asked:
    """Read a fetch. Raises BadRequest, or Invalid for what is not spoken here. Of a topic that is named twice the last counts."""
    _only(body, _FETCH, "a fetch")
    worker_id = body.get("workerId")
    if not isinstance(worker_id, str) or not worker_id:
        raise BadRequest("workerId is missing.", next_step="Send a name by which this worker is told from others.")
    rows = body.get("topics") or []
    if not isinstance(rows, list) or len(rows) > _MOST_TOPICS or not all(isinstance(row, Mapping) for row in rows):
        raise BadRequest(f"topics is no list of at most {_MOST_TOPICS} objects.", next_step='Send [{"topicName": …, "lockDuration": …}].')
    topics = {topic.name: (topic, _given(row)) for row in rows for topic in (_topic(row),)}
    wait = _whole(body, "asyncResponseTimeout", 0, _LONGEST_ASKED)
    fetch = Fetch(
        worker_id=worker_id,
        topics=tuple(topic for topic, _ in topics.values()),
        most=min(_whole(body, "maxTasks", 1, 2**31 - 1), _MOST_TASKS),
        by_priority=bool(body.get("usePriority")),
        newest_first=_newest_first(body.get("sorting")),
    )
    return Asked(fetch, {name: given for name, (_, given) in topics.items()}, min(wait / 1000, _LONGEST_WAIT))


def _topic(row: Mapping[str, Any]) -> Topic:
    _only(row, _TOPIC, "a topic")
    name = row.get("topicName")
    if not isinstance(name, str) or not name:
        raise BadRequest("A topic has no topicName.", next_step="Name the topic of the service tasks in the diagram.")
    length = _whole(row, "lockDuration", 0, 2**53)
    if not length:
        raise BadRequest(f"The lockDuration of {name} must be above zero.", next_step="Say for how many milliseconds tasks are locked.")
    identities = [*_texts(row, "processDefinitionIdIn"), *_texts(row, "processDefinitionId")]
    return Topic(
        name=name,
        lock=min(timedelta(milliseconds=min(length, 2**40)), LONGEST_LOCK),
        business_key=next(iter(_texts(row, "businessKey")), None),
        process_keys=(*_texts(row, "processDefinitionKeyIn"), *_texts(row, "processDefinitionKey")),
        versions=tuple(parts_of_id(identity) or (identity, 0) for identity in identities),
        having=_having(row.get("processVariables")),
    )


def _given(row: Mapping[str, Any]) -> Given:
    names = row.get("variables")
    chosen = None if names is None else frozenset(_texts(row, "variables"))
    return Given(chosen, bool(row.get("localVariables")), bool(row.get("includeExtensionProperties")))


def _having(given: Any) -> Mapping[str, Any]:
    """Variables to be equal to, as values or as `{value, type}`."""
    if given is not None and not isinstance(given, Mapping):
        raise BadRequest("processVariables is no object.", next_step='Send {"region": "EU"}.')
    return read_variables({name: value if isinstance(value, Mapping) else {"value": value} for name, value in (given or {}).items()})


def _newest_first(sorting: Any) -> bool:
    for each in sorting or []:
        if not isinstance(each, Mapping) or each.get("sortBy") != "createTime" or each.get("sortOrder") not in {"asc", "desc"}:
            raise BadRequest("Tasks are sorted by createTime only.", next_step='Send {"sortBy": "createTime", "sortOrder": "asc"}.')
        return bool(each["sortOrder"] == "desc")
    return False


def _texts(row: Mapping[str, Any], name: str) -> list[str]:
    value = row.get(name)
    texts = value if isinstance(value, list) else [value] if value else []
    if not all(isinstance(text, str) for text in texts):
        raise BadRequest(f"{name} holds something that is no text.", next_step="Send texts.")
    return texts


def _whole(row: Mapping[str, Any], name: str, otherwise: int, most: int) -> int:
    value = row.get(name)
    value = otherwise if value is None else value
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise BadRequest(f"{name} is no whole number from 0 to {most}.", next_step="Correct it.")
    return value


def _only(row: Mapping[str, Any], known: Collection[str], what: str) -> None:
    asks: Callable[[Any], bool] = lambda value: value not in _NOTHING  # noqa: E731
    unknown = sorted(name for name, value in row.items() if name not in known and asks(value))
    if unknown:
        raise Invalid(f"{', '.join(unknown)} of {what} is not taken here.", code="not_spoken", next_step="Leave it out.")
