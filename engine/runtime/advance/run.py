"""Runs an instance until every path waits or the budget of one transaction is spent."""

from engine.runtime.advance.service_tasks import Calls
from engine.runtime.state.stretch import Advance
from engine.spiff.records import Budget


def run(record: Advance) -> None:
    """Go on, and keep what was executed and sent."""
    limits = record.runtime.limits
    budget = Budget(limits.steps_per_transaction, limits.seconds_per_transaction)
    result = record.execution.run(Calls(record), now=record.now, budget=budget)
    record.steps, record.spent = record.steps + result.steps, result.spent
    record.trace.extend(record.execution.take_trace())
    record.outgoing.extend(record.execution.take_outgoing())
