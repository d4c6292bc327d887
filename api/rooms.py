"""Guards the names of the rooms: `engine`, `api` and the others must be ours, not those of a package that happens to be installed."""

from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

ROOMS = ("engine", "bpmn", "handlers", "api", "ui", "migrations")
_OURS = "ordercraft"
_HOUSE = Path(__file__).resolve().parent.parent


def foreign_rooms() -> list[str]:
    """One sentence for each room whose name resolves outside the house or is claimed by another distribution."""
    owners = packages_distributions()
    found = []
    for room in ROOMS:
        spec = find_spec(room)
        places = [Path(place).resolve() for place in spec.submodule_search_locations or ()] if spec else []
        if places != [_HOUSE / room]:
            found.append(f"The room {room} resolves to {places or 'nothing'}, not to {_HOUSE / room}: uninstall what shadows it.")
        strangers = set(owners.get(room, ())) - {_OURS}
        if strangers:
            found.append(f"The room {room} is also claimed by {', '.join(sorted(strangers))}: uninstall it.")
    return found
