"""Several steps in one test, each committed as the product commits it: what one locked is free when the next one begins."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy.orm import Session

P = ParamSpec("P")
R = TypeVar("R")


def commit_step(tx: Session) -> None:
    """End a step: its last acts are done, what it wrote is in, and what it locked is forgotten. The session goes on with the next one."""
    for act in tx.info.pop("before_commit", ()):
        act()
    tx.commit()
    for act in tx.info.pop("after_commit", ()):
        act()
    _forget(tx)


def _forget(tx: Session) -> None:
    for told in ("before_commit", "after_commit", "locks_held", "locks_asked", "tables_written"):
        tx.info.pop(told, None)


def as_a_step(verb: Callable[Concatenate[Session, P], R]) -> Callable[Concatenate[Session, P], R]:
    """A verb as a page or the API calls it: its transaction ends with it, and a refusal leaves nothing of it."""

    @wraps(verb)
    def step(tx: Session, *given: P.args, **more: P.kwargs) -> R:
        try:
            answer = verb(tx, *given, **more)
        except Exception:
            tx.rollback()
            _forget(tx)
            raise
        commit_step(tx)
        return answer

    return step
