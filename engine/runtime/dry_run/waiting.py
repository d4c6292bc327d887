"""What a dry run waits for, as acts that somebody may take next."""

from datetime import datetime, timedelta

from engine.runtime.dry_run.record import CallWait, Failed, MessageWait, PersonWait, TimeWait, Waiting
from engine.service_tasks import ServiceTasks
from engine.spiff.records import Waits


def waiting_of(waits: Waits, now: datetime, service_tasks: ServiceTasks) -> Waiting:
    """The waits of an instance, timers by when they are due."""
    return Waiting(
        people=[
            PersonWait(
                each.element_id,
                each.title,
                each.form_key,
                each.form_data,
                each.candidate_groups,
                each.candidate_users,
                each.excluded_users,
                each.due_at,
                each.instructions,
            )
            for each in waits.user_tasks
        ],
        timers=[
            TimeWait(each.element_id, each.due_at, each.kind, duration_to(each.due_at, now))
            for each in sorted(waits.timers, key=lambda timer: timer.due_at)
        ],
        messages=[
            MessageWait(each.element_id, each.kind, each.name, each.correlation) for each in waits.subscriptions if each.kind != "condition"
        ],
        calls=[
            CallWait(each.element_id, each.handler, each.parameters, _errors_of(each.handler, service_tasks))
            for each in waits.work
            if each.retry_at is None
        ],
        failed=[Failed(each.element_id, each.kind, each.message, each.next_step) for each in waits.failed],
    )


def duration_to(due: datetime, now: datetime) -> str:
    """The ISO duration that takes the clock from `now` to a moment, or to the second after it."""
    left = max(due - now, timedelta())
    seconds = left.days * 86_400 + left.seconds + (1 if left.microseconds else 0)
    parts = ((seconds // 3600, "H"), (seconds % 3600 // 60, "M"), (seconds % 60, "S"))
    return "PT" + ("".join(f"{count}{unit}" for count, unit in parts if count) or "0S")


def _errors_of(handler: str, service_tasks: ServiceTasks) -> tuple[str, ...]:
    return service_tasks[handler].errors if handler in service_tasks else ()
