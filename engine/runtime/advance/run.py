"""Runs an instance until every path waits or the budget of one transaction is spent."""

from engine.runtime.advance.service_tasks import Calls
from engine.runtime.state.stretch import Stretch
from engine.spiff.records import Budget


def run(stretch: Stretch) -> None:
    """Go on, and keep what was executed and sent."""
    limits = stretch.runtime.limits
    budget = Budget(limits.steps_per_transaction, limits.seconds_per_transaction)
    stretch.execution.count_in(stretch.calendar)
    result = stretch.execution.run(Calls(stretch), now=stretch.now, budget=budget)
    stretch.steps, stretch.spent = stretch.steps + result.steps, result.spent
    stretch.trace.extend(stretch.execution.take_trace())
    stretch.outgoing.extend(stretch.execution.take_outgoing())
