"""A service task is a plain function with a name, one typed input, and the ports it needs.

    tasks = ServiceTasks()

    @tasks.register("shipping.book_parcels", kind=Kind.EXTERNAL, errors=("ADDRESS_UNKNOWN",))
    def book_parcels(booking: BookParcels, carrier: Carrier) -> ParcelsBooked: ...

The first parameter is a frozen dataclass made from the model's parameters (pydantic rules: a wrong type is refused before the
call); every other parameter is a port, given by its type: `Session` (the open transaction), `TaskContext`, or a Protocol that the
bootstrap has bound. The result is a dataclass or None. A test calls the function directly; no engine is needed.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache, partial
from typing import Any, Final, TypeVar, get_type_hints
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from engine.problems import Invalid, NotFound
from engine.strict_schema import strict_adapter

F = TypeVar("F", bound=Callable[..., Any])
_TOPIC: Final = "topic:"


class Refused(Exception):
    """The business said no: the model's error boundary event for `code` decides what happens next."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class NotYet(Exception):
    """The world is not ready: ask again after a while, without spending an attempt."""

    def __init__(self, after: timedelta, reason: str) -> None:
        super().__init__(reason)
        self.after = after


class Broken(Exception):
    """No retry will help: open an incident and tell the operator what to do."""

    def __init__(self, reason: str, *, next_step: str) -> None:
        super().__init__(reason)
        self.next_step = next_step

    def __reduce__(self) -> tuple[Any, ...]:
        """As another process is told of it."""
        return partial(Broken, next_step=self.next_step), (str(self),)


class Kind(StrEnum):
    """Where a service task runs."""

    #: Touches only our database; runs inside the advance, in a savepoint, exactly once.
    TRANSACTIONAL = "transactional"
    #: Talks to the outside; runs in no transaction, at least once, with a stable idempotency key.
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True)
class TaskContext:
    """Who is calling: given to a service task that asks for it by type."""

    instance_id: UUID
    business_key: str | None
    process_key: str
    element_id: str
    task_id: UUID
    #: The same on every attempt of this task; send it to the outside as the idempotency key.
    idempotency_key: str
    attempt: int
    #: The person whose action led here, or None when the clock or a message did.
    actor: str | None
    #: The transaction's time, from the database's clock.
    now: datetime


@dataclass(frozen=True, slots=True)
class ServiceTask:
    """One registered service task. `errors` are the codes of `Refused` it may raise; `undo` names the task that compensates it.

    `purpose` is the docstring of the function; `engine.task_catalogue` says what is read from it.
    """

    name: str
    run: Callable[..., Any]
    input_type: Any
    output_type: Any
    ports: Mapping[str, Any]
    kind: Kind
    errors: tuple[str, ...]
    undo: str | None
    at_most_once: bool
    #: It posts to the books or pays: whoever deploys a process with it does not do so alone.
    moves_money: bool
    purpose: str
    _adapter: TypeAdapter[Any]
    _output: TypeAdapter[Any]

    @property
    def parameters(self) -> Mapping[str, bool]:
        """Each field of the input, and whether it must be given."""
        return _parameters(self._adapter)

    def read(self, data: Mapping[str, Any]) -> Any:
        """Make the typed input. Raises Invalid with the errors by parameter."""
        try:
            return self._adapter.validate_python(dict(data))
        except ValidationError as error:
            errors = {".".join(map(str, item["loc"])) or "input": [item["msg"]] for item in error.errors()}
            raise Invalid(
                f"{self.name} was given a wrong input: {errors}.",
                code="service_task_input",
                next_step="Correct the parameters in the diagram or the variables of the instance, then retry.",
                errors=errors,
            ) from None

    def could_answer(self, answer: Any) -> None:
        """Nothing, where the task could give this answer. Raises Invalid with the errors by field, for who answers in its place."""
        known = {each.name for each in fields(self.output_type)} if is_dataclass(self.output_type) else set()
        errors: dict[str, list[str]] = {}
        try:
            self._output.validate_python(answer)
        except ValidationError as error:
            errors = {".".join(map(str, item["loc"])) or "answer": [item["msg"]] for item in error.errors()}
        errors |= {name: ["is no part of it"] for name in (answer if isinstance(answer, Mapping) else ()) if known and name not in known}
        if errors:
            wrong = "; ".join(f"{name}: {', '.join(said)}" for name, said in errors.items())
            raise Invalid(
                f"{self.name} could not answer this: {wrong}.",
                code="answer_impossible",
                next_step="Give an answer as the catalogue of service tasks describes it.",
                errors=errors,
            )

    def could_refuse(self, code: str) -> None:
        """Nothing, where the task may raise this error. Raises Invalid."""
        if code not in self.errors:
            raise Invalid(
                f"{self.name} raises no {code}; it may raise {', '.join(self.errors) or 'none'}.",
                code="answer_impossible",
                next_step="Choose an error that the task may raise, or give an answer.",
                errors={"refused": ["is no error of this task"]},
            )

    def __call__(self, given: Any, provided: Mapping[Any, object]) -> Any:
        """Run on a typed input with the ports it asks for; answer JSON-like data (decimals stay `Decimal`)."""
        ports = {name: provided[port] for name, port in self.ports.items()}
        result = self.run(given, **ports)
        return None if result is None else self._output.dump_python(result, mode="python")


def topic_of(name: str) -> str | None:
    """The topic that a service task of a diagram is given to, written `topic:ship-parcel`; None for the name of a function."""
    return name.removeprefix(_TOPIC) if name.startswith(_TOPIC) else None


def given_to(topic: str) -> str:
    """How a diagram names a topic as what a service task calls."""
    return _TOPIC + topic


@dataclass(slots=True)
class ServiceTasks:
    """Service tasks by name. A topic that has the name of one is served by it; any other is for workers outside."""

    _by_name: dict[str, ServiceTask] = field(default_factory=dict)

    def register(  # noqa: PLR0913  # what the author of a diagram is told of a task stands in one place
        self,
        name: str,
        *,
        kind: Kind = Kind.TRANSACTIONAL,
        errors: tuple[str, ...] = (),
        undo: str | None = None,
        at_most_once: bool = False,
        moves_money: bool = False,
    ) -> Callable[[F], F]:
        """Register the function below under `capability.verb_noun`. Raises ValueError when the name is taken."""

        def add(run: F) -> F:
            if name in self._by_name:
                raise ValueError(f"Service task {name!r} is registered twice: rename one of them.")
            hints = get_type_hints(run)
            first, *others = inspect.signature(run).parameters
            self._by_name[name] = ServiceTask(
                name=name,
                run=run,
                input_type=hints[first],
                output_type=hints["return"],
                ports={other: hints[other] for other in others},
                kind=kind,
                errors=errors,
                undo=undo,
                at_most_once=at_most_once,
                moves_money=moves_money,
                purpose=inspect.getdoc(run) or "",
                _adapter=strict_adapter(hints[first]),
                _output=TypeAdapter(hints["return"]),
            )
            return run

        return add

    def include(self, other: "ServiceTasks") -> None:
        """Take over every task of another capability. Raises ValueError when a name is taken."""
        for task in other:
            if task.name in self._by_name:
                raise ValueError(f"Service task {task.name!r} is registered twice: rename one of them.")
            self._by_name[task.name] = task

    def leave_the_house(self, name: str) -> bool:
        """Whether a name is a topic that no function here serves: a worker outside fetches what is to be done."""
        return name not in self and topic_of(name) is not None

    def __getitem__(self, name: str) -> ServiceTask:
        name = topic_of(name) or name
        if name not in self._by_name:
            near = get_close_matches(name, self._by_name, n=3)
            hint = f"Did you mean {', '.join(near)}?" if near else f"Known names: {', '.join(sorted(self._by_name))}."
            raise NotFound(f"No service task is named {name!r}.", code="service_task_unknown", next_step=hint)
        return self._by_name[name]

    def get(self, name: str) -> ServiceTask | None:
        """The task of a name; None where no function here has it."""
        return self._by_name.get(topic_of(name) or name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (topic_of(name) or name) in self._by_name

    def __iter__(self) -> Iterator[ServiceTask]:
        return iter(self._by_name.values())


@lru_cache(maxsize=1024)
def _parameters(adapter: TypeAdapter[Any]) -> Mapping[str, bool]:
    """Asked for by every rule at every use of the task in a diagram; the answer stands in the code."""
    schema = adapter.json_schema()
    required = set(schema.get("required", ()))
    return {name: name in required for name in schema.get("properties", {})}
