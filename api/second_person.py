"""How the API does what may take a second person: at once, or as a change that waits (202) and is found at `Location`."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.product import product
from api.requests import person, transaction
from engine.runtime.read import pending_changes as read
from engine.runtime.verbs.pending_changes import Outcome, Wanting, ask_or_do

Answer = tuple[BaseModel, int] | tuple[BaseModel, int, dict[str, str]]


class PendingOut(BaseModel):
    """What waits for a second person: nothing was changed yet. `confirmers` are the groups whose members may confirm it."""

    model_config = ConfigDict(from_attributes=True)

    pending_change: int = Field(validation_alias="id")
    state: str
    does: str
    rule: str
    confirmers: list[str]
    expires_at: datetime


def act(name: str, given: Any, reason: str, done: Callable[[Any], tuple[BaseModel, int]], version: str | None = None) -> Answer:
    """Do an act of the person who asks, or keep it for a second one; `done` says the answer where it was done."""
    wanting = Wanting(person().name, reason, version)
    return answered(ask_or_do(product().runtime, transaction(), name, given, wanting), done)


def answered(outcome: Outcome, done: Callable[[Any], tuple[BaseModel, int]]) -> Answer:
    """The answer to what became of an act."""
    if outcome.pending is None:
        return done(outcome.done)
    change = read.get_change(transaction(), person(), outcome.pending)
    return PendingOut.model_validate(change), 202, {"Location": f"/api/v1/pending-changes/{outcome.pending}"}
