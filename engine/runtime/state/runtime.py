"""What every verb is given: the database, the service tasks with their ports, the bell, the limits, and what is kept in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from engine.runtime.state.calendars import KnownCalendars
from engine.runtime.state.dispatcher import Dispatcher
from engine.runtime.state.leases import Leases
from engine.runtime.state.limits import Limits
from engine.runtime.state.live_instances import LiveInstances
from engine.runtime.state.model_cache import ModelCache
from engine.runtime.state.routed_groups import RoutedGroups
from engine.runtime.state.suspensions import Suspensions
from engine.service_tasks import ServiceTasks
from engine.store.constraints import Rule
from engine.store.unit_of_work import Database


@dataclass(frozen=True, slots=True)
class Runtime:
    """Made once per process by the bootstrap."""

    database: Database
    service_tasks: ServiceTasks
    ports: Mapping[Any, object]
    dispatcher: Dispatcher
    limits: Limits = field(default_factory=Limits)
    #: What the constraints of the business tables mean to a person, by name.
    constraints: Mapping[str, Rule] = field(default_factory=dict)
    models: ModelCache = field(default_factory=ModelCache)
    live: LiveInstances = field(default_factory=LiveInstances)
    leases: Leases = field(default_factory=Leases)
    suspensions: Suspensions = field(default_factory=Suspensions)
    calendars: KnownCalendars = field(default_factory=KnownCalendars)
    routed: RoutedGroups = field(default_factory=RoutedGroups)

    def __post_init__(self) -> None:
        """Models mean their times in the company's zone."""
        self.models.time_zone = self.time_zone

    @property
    def time_zone(self) -> tzinfo:
        """The company's."""
        return self.database.time_zone
