"""The landscape of the processes in force."""

from sqlalchemy.orm import Session

from engine.models.reading.landscape import Landscape, landscape_of
from engine.runtime.read.bundles import diagrams_in_force


def read_landscape(tx: Session) -> Landscape:
    """Which process sends what to which, calls and decides. One statement."""
    return landscape_of(diagrams_in_force(tx))
