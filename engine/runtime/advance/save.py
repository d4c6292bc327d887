"""Saves an instance: one row with its state, fenced by version and lease, then everything that follows from it."""

from typing import Any

from sqlalchemy import text

from engine.problems import Conflict, Problem, TooLarge
from engine.runtime.advance import failures
from engine.runtime.state.leases import LostLease
from engine.runtime.state.stretch import Stretch
from engine.store import json_text
from engine.store.tables import InstanceState
from engine.store.unit_of_work import after_commit


def judge(stretch: Stretch) -> None:
    """Work out the state it is to be saved in. Raises TooLarge when its variables are."""
    execution, saved = stretch.execution, stretch.saved
    stretch.after = execution.waits
    incidents = failures.settle_failures(stretch, stretch.after)
    saved.endless = _steps_since_wait(stretch) >= stretch.runtime.limits.steps_without_wait
    outside = stretch.runtime.service_tasks.leave_the_house
    saved.calls = any(wait.retry_at is None and not outside(wait.handler) for wait in stretch.after.work)
    saved.more = (saved.calls or stretch.spent) and not saved.endless
    saved.state = _state(execution.completed, incidents or saved.endless, more=saved.more)


def write(stretch: Stretch) -> None:
    """Write the instance's row. Raises LostLease when it was taken over, TooLarge when its variables are, Conflict for a taken key."""
    variables = json_text.encode(stretch.execution.variables)
    _check_size(stretch, len(variables))
    _write(stretch, variables.decode())
    if stretch.saved.endless:
        failures.open_for_instance(stretch.tx, stretch.held.id, _endless(_steps_since_wait(stretch)))


def finish(stretch: Stretch) -> None:
    """Ring for what is left to do, and keep what runs in memory once the transaction is in."""
    if stretch.saved.more and stretch.token is None:
        stretch.runtime.dispatcher.ring(stretch.tx, [stretch.held.id])
    if not stretch.execution.completed:
        version, execution = stretch.held.lock_version + 1, stretch.execution
        after_commit(stretch.tx, lambda: stretch.runtime.live.put(stretch.held.id, version, execution))


def _write(stretch: Stretch, variables: str) -> None:
    held, state, more = stretch.held, stretch.saved.state, stretch.saved.more
    blob = None if state.ended else stretch.execution.dump()
    values: dict[str, Any] = {
        "id": held.id,
        "state": state,
        "blob": blob,
        "variables": variables,
        "wake": held.wake + more,
        "done": held.wake,
        "steps": _steps_since_wait(stretch),
        "ended": state.ended,
        "led_by": stretch.led_by or held.led_by,
    }
    if stretch.fresh:
        _insert(stretch, values)
        return
    keep = stretch.token if more else None
    values |= {"lock_version": held.lock_version, "token": stretch.token, "keep": keep, "ttl": stretch.runtime.limits.lease}
    if stretch.tx.connection().execute(_UPDATE, values).rowcount != 1:
        raise LostLease


def _insert(stretch: Stretch, values: dict[str, Any]) -> None:
    held = stretch.held
    values |= {
        "process_version_id": held.process_version_id,
        "process_key": held.process_key,
        "business_key": held.business_key,
        "dedupe_key": None,
        "started_by": held.started_by,
        "started_by_instance_id": None,
        **stretch.origin,
    }
    if stretch.tx.execute(_INSERT, values).scalar() is None:
        raise Conflict(
            f"A running {held.process_key} has the business key {held.business_key!r} already.",
            code="business_key_taken",
            next_step="Look at the running instance, or start this one under another business key.",
        )


def _steps_since_wait(stretch: Stretch) -> int:
    return stretch.held.steps_since_wait + stretch.steps if stretch.spent else 0


def _state(completed: bool, incidents: bool, *, more: bool) -> InstanceState:
    if completed:
        return InstanceState.COMPLETED
    if incidents:
        return InstanceState.INCIDENT
    return InstanceState.RUNNING if more else InstanceState.WAITING


def _check_size(stretch: Stretch, size: int) -> None:
    most = stretch.runtime.limits.variables_bytes
    if size > most:
        raise TooLarge(
            f"The variables of the instance take {size} bytes; at most {most} are kept.",
            code="variables_too_large",
            next_step="Keep documents and long lists in their own tables and put a reference into the variables.",
        )


def _endless(steps: int) -> Problem:
    return Problem(
        f"{steps} elements ran without a wait.",
        code="steps_without_wait",
        next_step="Look for a loop in the diagram whose condition never changes; retry to let it run on, or cancel the instance.",
    )


_INSERT = text("""
INSERT INTO instance (id, process_version_id, process_key, business_key, dedupe_key, state, blob, lock_version, variables, wake, done,
  rung_at, steps_since_wait, started_by, started_by_instance_id, ended_at)
VALUES (:id, :process_version_id, :process_key, :business_key, :dedupe_key, :state, :blob, 1, CAST(:variables AS jsonb), :wake, :done,
  now(), :steps, :started_by, :started_by_instance_id, CASE WHEN :ended THEN business_now() END)
ON CONFLICT DO NOTHING RETURNING id
""")
_UPDATE = text("""
UPDATE instance SET state = :state, blob = :blob, lock_version = lock_version + 1, variables = CAST(:variables AS jsonb), wake = :wake,
  done = :done, led_by = :led_by, rung_at = now(), steps_since_wait = :steps, strikes = 0, last_error = NULL,
  lease_owner = CAST(:keep AS uuid),
  lease_until = CASE WHEN CAST(:keep AS uuid) IS NULL THEN 'epoch' ELSE now() + CAST(:ttl AS interval) END, updated_at = business_now(),
  ended_at = CASE WHEN :ended THEN business_now() END
WHERE id = :id AND lock_version = :lock_version AND (CAST(:token AS uuid) IS NULL OR lease_owner = CAST(:token AS uuid))
""")
