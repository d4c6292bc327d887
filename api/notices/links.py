"""A link in a mail that opens one task: for one person, once, for three days. The secret stands behind the #, and we hold its hash.

It stands for the password and for nothing else: who has a second factor is asked for it, duties hold as on every page, and the session that
it begins reaches that task alone.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func
from sqlalchemy.orm import Session

from api.auth.hashes import hash_of, new_secret
from api.auth.model import UserAccount
from api.auth.sessions import Terms, person_of_session
from api.auth.signing_in import TASK_LINK, Attempt, SignedIn, begin
from api.notices.model import TaskLink
from engine.problems import Invalid

LASTS: Final = timedelta(days=3)
#: How long a session lasts that such a link began.
SESSION: Final = timedelta(minutes=30)
PATH: Final = "task-link"


def make_link(tx: Session, account_id: int, task_id: UUID) -> str:
    """The secret of a new link; what was sent to the same person about the same task before opens nothing any more."""
    tx.execute(delete(TaskLink).where(TaskLink.account_id == account_id, TaskLink.task_id == task_id))
    secret = new_secret()
    tx.add(TaskLink(token_hash=hash_of(secret), account_id=account_id, task_id=task_id, expires_at=func.now() + LASTS))
    tx.flush()
    return secret


def use_link(tx: Session, secret: str, attempt: Attempt, terms: Terms) -> tuple[UUID, SignedIn | None]:
    """The task that a link opens, and the session that reaches only it; none for who is signed in as themselves already.

    Raises Invalid when it is unknown, used or over, or its owner is gone.
    """
    living = delete(TaskLink).where(TaskLink.token_hash == hash_of(secret), TaskLink.expires_at > func.now())
    found = tx.execute(living.returning(TaskLink.account_id, TaskLink.task_id)).first()
    account = None if found is None else tx.get(UserAccount, found.account_id)
    if found is None or account is None or not account.active or account.machine:
        raise Invalid(
            "The link is unknown, was used already, or is over.",
            code="link_over",
            next_step="Sign in and look in your worklist.",
            errors={"code": ["is unknown, was used already, or is over"]},
        )
    signed = person_of_session(tx, attempt.session) if attempt.session else None
    if signed is not None and signed.person.name == account.name and signed.only_task is None:
        return found.task_id, None
    only = Terms(SESSION, SESSION, terms.second_factor, found.task_id)
    return found.task_id, begin(tx, account, attempt, only, TASK_LINK)


def forget_old_links(tx: Session) -> None:
    """Housekeeping: links that are over go."""
    tx.execute(delete(TaskLink).where(TaskLink.expires_at < func.now()))
