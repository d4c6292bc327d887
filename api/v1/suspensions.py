"""What is stopped above one instance, the queues of service tasks, the workers, and what is pending in the whole house."""

from datetime import datetime
from typing import Any, Literal

from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from api.auth.roles import Role
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import Done, Listing, Page, Shape, listed
from engine.runtime.operate import suspensions
from engine.runtime.operate.sending import send_again
from engine.runtime.read import pending, work, workers
from engine.runtime.state.suspensions import Suspension, list_suspensions

api = APIBlueprint("suspensions", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="suspensions")])


class StopIn(Shape):
    """What is to be stopped or to go on. `name` is that of the service task or the key of the process; `version_id` 0 is every version."""

    level: Literal["service_task", "process"]
    name: str = Field(min_length=1, max_length=200)
    version_id: int = Field(0, ge=0)
    reason: str = Field(min_length=3, max_length=2000)


class CircuitIn(Shape):
    """A service task that is to be called again after too many failures."""

    name: str = Field(min_length=1, max_length=200)
    reason: str = Field(min_length=3, max_length=2000)


class AgainIn(Shape):
    """An effect that is to be sent again, by its key."""

    key: str = Field(min_length=1, max_length=500)
    reason: str = Field(min_length=3, max_length=2000)


class ResumedOut(Shape):
    """How many instances go on now."""

    instances: int


class PendingQuery(Listing):
    """Which to list: `search` is in a business key or name, `process` a process key, `state` one of the list's own."""

    search: str = Field("", max_length=200)
    process: str = Field("", max_length=200)
    state: str = Field("", max_length=40)

    @property
    def wanted(self) -> pending.Wanted:
        """As the lists take it."""
        return pending.Wanted(self.search, self.process, self.state)


class EffectOut(Shape):
    """What is to leave the house or has left it."""

    key: str
    kind: str
    target: str
    state: str
    attempts: int
    business_key: str | None
    created_at: datetime
    last_sent_at: datetime | None
    due_at: datetime
    answer: dict[str, Any] | None


@api.get("/suspensions", responses={200: Page[Suspension]})
@operation(Role.READ)
def list_all() -> Page[Suspension]:
    """List what is suspended above single instances; all in one page."""
    return Page(items=list_suspensions(transaction()), next_cursor=None)


@api.post("/suspensions", responses={201: Done})
@operation(Role.OPERATE)
def suspend(body: StopIn) -> tuple[Done, int]:
    """Let no call of a service task, or no instance of a process, go on; what waits is kept and spends no attempt."""
    suspensions.suspend(product().runtime, transaction(), _stop(body))
    return Done(id=body.name, state="suspended"), 201


@api.post("/suspensions/resume", responses={200: ResumedOut})
@operation(Role.OPERATE)
def resume(body: StopIn) -> ResumedOut:
    """Let it go on: what was held back is tried at once."""
    return ResumedOut(instances=suspensions.resume(product().runtime, transaction(), _stop(body)))


@api.post("/suspensions/close-circuit", responses={200: ResumedOut})
@operation(Role.OPERATE)
def close_circuit(body: CircuitIn) -> ResumedOut:
    """Call a service task again whose circuit is open after too many failures."""
    stop = suspensions.Stop("service_task", body.name, person().name, body.reason)
    return ResumedOut(instances=suspensions.close_breaker(product().runtime, transaction(), stop))


@api.get("/work", responses={200: Page[work.Queue]})
@operation(Role.READ)
def list_work() -> Page[work.Queue]:
    """List service tasks as queues, the fullest first; all in one page."""
    return Page(items=work.list_queues(product().runtime, transaction()), next_cursor=None)


@api.get("/workers", responses={200: Page[workers.WorkerRow]})
@operation(Role.READ)
def list_workers() -> Page[workers.WorkerRow]:
    """List the workers with what each holds; all in one page."""
    return Page(items=workers.list_workers(transaction()), next_cursor=None)


@api.get("/timers", responses={200: Page[pending.TimerRow]})
@operation(Role.READ)
def list_timers(query: PendingQuery) -> Page[pending.TimerRow]:
    """List timers that have not fired, the next due first; `state` is overdue, event or retry."""
    return listed(pending.list_timers(transaction(), query.wanted, query.asked))


@api.get("/waits", responses={200: Page[pending.WaitRow]})
@operation(Role.READ)
def list_waits(query: PendingQuery) -> Page[pending.WaitRow]:
    """List the messages and signals that are awaited with their keys, the oldest first; `state` is message or signal."""
    return listed(pending.list_waits(transaction(), query.wanted, query.asked))


@api.get("/unheard-messages", responses={200: Page[pending.MessageRow]})
@operation(Role.READ)
def list_messages(query: PendingQuery) -> Page[pending.MessageRow]:
    """List messages that reached nobody, the latest first; `state` is buffered or expired."""
    return listed(pending.list_messages(transaction(), query.wanted, query.asked))


@api.get("/effects", responses={200: Page[EffectOut]})
@operation(Role.READ)
def list_effects(query: PendingQuery) -> Page[EffectOut]:
    """List what is to leave the house or has, the latest first; `state` is pending, sent, kept or failed."""
    shown = pending.list_effects(transaction(), query.wanted, query.asked)
    return Page(
        items=[EffectOut.model_validate({name: getattr(row, name) for name in EffectOut.model_fields}) for row in shown.rows],
        next_cursor=shown.next,
    )


@api.post("/effects/again", responses={200: Done})
@operation(Role.OPERATE)
def send_effect_again(body: AgainIn) -> Done:
    """Send an effect again under the same key."""
    send_again(transaction(), body.key, person().name, body.reason)
    return Done(id=body.key, state="pending")


def _stop(body: StopIn) -> suspensions.Stop:
    return suspensions.Stop(body.level, body.name, person().name, body.reason, body.version_id)
