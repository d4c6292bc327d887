"""Instances kept in memory between two advances, so that the next one need not restore the blob."""

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from uuid import UUID

from engine.spiff.execution import Execution


@dataclass(slots=True)
class LiveInstances:
    """The least recently used goes first. An entry is taken out to be worked on and put back after a commit, so a rollback drops it."""

    most: int = 2_000
    _entries: OrderedDict[UUID, tuple[int, Execution]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def take(self, instance_id: UUID) -> tuple[int, Execution] | None:
        """The lock version and the live instance, no longer kept here."""
        with self._lock:
            return self._entries.pop(instance_id, None)

    def put(self, instance_id: UUID, lock_version: int, execution: Execution) -> None:
        """Keep an instance as it was committed under `lock_version`."""
        with self._lock:
            self._entries[instance_id] = (lock_version, execution)
            self._entries.move_to_end(instance_id)
            while len(self._entries) > self.most:
                self._entries.popitem(last=False)
