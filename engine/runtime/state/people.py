"""Who acts: a name, the groups whose work they may do, and the roles that allow operations."""

from dataclasses import dataclass

#: Roles that see every task and instance, whoever the candidates are.
OVERSEERS = frozenset({"operate", "administer"})


@dataclass(frozen=True, slots=True)
class StandIn:
    """Somebody who is away: whose tasks another does meanwhile, of some processes or (empty) of all."""

    name: str
    groups: frozenset[str] = frozenset()
    process_keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Person:
    """A person as the edge has recognised them."""

    name: str
    groups: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    #: The topics whose external tasks they may do; None for all.
    topics: frozenset[str] | None = None

    #: Those who are away now, and for whom they stand in.
    stands_in_for: tuple[StandIn, ...] = ()

    def serves(self, topic: str) -> bool:
        """Whether they may do the external tasks of a topic."""
        return self.topics is None or topic in self.topics

    @property
    def oversees(self) -> bool:
        """Whether they see everything."""
        return bool(self.roles & OVERSEERS)
