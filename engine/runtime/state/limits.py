"""Every limit of the runtime with its default. Settings change them; `GET /api/v1/limits` shows them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from engine.runtime.state.bounds import Bounds

#: The retry policy of a service task whose model names none: five retries, the first after ten seconds, doubling.
DEFAULT_RETRY: Final = "R5/PT10S"


@dataclass(frozen=True, slots=True)
class Limits:
    """What an instance, a worker and the clock may use before they are stopped with a clear error."""

    #: Bytes of an instance's variables as JSON. Beyond it: keep documents elsewhere and refer to them.
    variables_bytes: int = 65_536
    #: Elements run in one transaction before the state is saved and the rest goes on in a next one.
    steps_per_transaction: int = 1_000
    #: Seconds run in one transaction before the same happens.
    seconds_per_transaction: float = 2.0
    #: Elements run without any wait before the instance becomes an incident: most likely a loop that never ends.
    steps_without_wait: int = 10_000
    #: Times a worker may take an instance without saving anything before it becomes an incident.
    claims_without_progress: int = 5
    #: External service tasks of one instance that a worker calls at the same time.
    calls_at_once: int = 4
    #: How long a worker holds an instance without renewing. Renewed every third of it.
    lease: timedelta = timedelta(seconds=60)
    #: How long a runnable instance may wait for a worker before the bell is rung again.
    sweep_grace: timedelta = timedelta(seconds=30)
    #: How long a message waits for a receiver when its sender does not say.
    message_time_to_live: timedelta = timedelta(days=7)
    #: How long a message may wait for a receiver before a person is told.
    message_unheard: timedelta = timedelta(minutes=15)
    #: How long what delivered and expired messages said is kept; their ids are known for ever.
    message_retention: timedelta = timedelta(days=90)
    #: The retry policy of a service task whose model names none.
    retry: str = DEFAULT_RETRY
    #: The longest pause between two attempts.
    retry_ceiling: timedelta = timedelta(hours=1)
    #: How long the outside may take to answer for one effect before it is sent again.
    effect_answer: timedelta = timedelta(minutes=5)
    #: Attempts at delivering an effect before it is marked failed.
    effect_attempts: int = 12
    #: How much of a service task the outside bears, by its name; `*` is for every other one.
    bounds: Mapping[str, Bounds] = field(default_factory=dict)
    #: Seconds for which a decision on a page is held back, in which it can be undone; none carries it out at once.
    undo_seconds: int = 0
    #: Timers, schedules, effects or instances taken up in one round of the clock.
    batch: int = 500
    #: Instances that one batch of an operator may be about.
    batch_instances: int = 10_000
