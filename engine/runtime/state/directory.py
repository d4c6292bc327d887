"""Who there is: the port by which the runtime asks whether a task is offered to anybody."""

from collections.abc import Collection, Sequence
from typing import Protocol

from sqlalchemy.orm import Session


class Directory(Protocol):
    """Knows the groups and people of the house. Without one every name is taken as it is."""

    def known(self, tx: Session, groups: Collection[str], users: Collection[str]) -> frozenset[str]:
        """Those of the names that are a group, or an active person."""

    def groups_of(self, tx: Session, name: str) -> frozenset[str]:
        """The groups of an active person."""

    def people(self, tx: Session, groups: Collection[str], users: Collection[str]) -> Sequence[str]:
        """The active people who are in one of the groups or named, by name; everybody where neither is given."""
