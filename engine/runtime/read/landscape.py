"""The landscape of the processes in force."""

from sqlalchemy.orm import Session

from engine.models.reading.landscape import Landscape, landscape_of
from engine.runtime.read.bundles import diagrams_in_force
from engine.work import unbounded


def read_landscape(tx: Session) -> Landscape:
    """Which process sends what to which, calls and decides. One statement."""
    with unbounded():  # what was deployed was bounded then
        return landscape_of(diagrams_in_force(tx))
