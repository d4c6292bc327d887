"""Sessions of browsers: begun, renewed, listed, ended. The browser holds a random token, we hold its hash."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from api.auth.hashes import hash_of, new_secret
from api.auth.model import KnownBrowser, OneTimeLink, SignIn, SignInPause, UserAccount, UserGroup
from api.auth.roles import roles_of
from engine.problems import NotFound
from engine.runtime.state.people import Person
from engine.store.paging import Asked, Key, Page, read_page
from handlers.changes import Author, note

#: How exactly is kept when a session or token was last used: no request writes more often.
SEEN = timedelta(minutes=1)
_LONGEST_BROWSER = 200


@dataclass(frozen=True, slots=True)
class Credentials:
    """A signed-in browser: the secret token for its cookie and the one its forms carry."""

    token: str
    csrf_token: str


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a session lasts without use, and at most."""

    idle: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where somebody comes from: the address of the connection and what the browser calls itself."""

    source: str = ""
    browser: str = ""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session in a list; `id` names it and opens nothing."""

    id: int
    name: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    source: str
    browser: str
    own: bool


def sign_in(tx: Session, account_id: int, lasts: Lifetime, visitor: Visitor, over: str = "") -> Credentials:
    """Begin a session; the one whose token is `over` ends with it, so that nobody goes on in what another began in this browser."""
    made = Credentials(new_secret(), new_secret())
    if over:
        sign_out(tx, over)
    tx.add(
        SignIn(
            token_hash=hash_of(made.token),
            account_id=account_id,
            csrf_token=made.csrf_token,
            expires_at=func.now() + min(lasts.idle, lasts.longest),
            ends_at=func.now() + lasts.longest,
            source=visitor.source,
            browser=visitor.browser[:_LONGEST_BROWSER],
        )
    )
    tx.execute(update(UserAccount).where(UserAccount.id == account_id).values(last_sign_in_at=func.now()))
    tx.flush()
    return made


def renew(tx: Session, token: str) -> Credentials | None:
    """Give a session new secrets, after what changes what it may do; whoever had the old ones has nothing. None when it is over."""
    made = Credentials(new_secret(), new_secret())
    renewed = update(SignIn).where(SignIn.token_hash == hash_of(token), SignIn.expires_at > func.now())
    found = tx.execute(renewed.values(token_hash=hash_of(made.token), csrf_token=made.csrf_token).returning(SignIn.id)).first()
    return made if found else None


def sign_out(tx: Session, token: str) -> None:
    """End a session."""
    tx.execute(delete(SignIn).where(SignIn.token_hash == hash_of(token)))


def person_of_session(tx: Session, token: str) -> tuple[Person, str] | None:
    """The person of a session and its CSRF token, or None when it is unknown or over. Once a minute its use is noted."""
    groups = func.array_remove(func.array_agg(UserGroup.group_name), None)
    row = tx.execute(
        select(UserAccount.name, groups, SignIn.csrf_token, SignIn.last_seen_at < func.now() - SEEN)
        .join(SignIn, SignIn.account_id == UserAccount.id)
        .outerjoin(UserGroup, UserGroup.account_id == UserAccount.id)
        .where(SignIn.token_hash == hash_of(token), SignIn.expires_at > func.now(), UserAccount.active)
        .group_by(UserAccount.name, SignIn.csrf_token, SignIn.last_seen_at)
    ).first()
    if row is None:
        return None
    if row[3]:
        _note_use(tx, token)
    return Person(name=row[0], groups=frozenset(row[1]), roles=frozenset(map(str, roles_of(row[1])))), row[2]


def _note_use(tx: Session, token: str) -> None:
    """It lasts as long again as it would have without use, never beyond its end."""
    again = func.least(SignIn.ends_at, func.now() + (SignIn.expires_at - SignIn.last_seen_at))
    used = update(SignIn).where(SignIn.token_hash == hash_of(token)).values(last_seen_at=func.now(), expires_at=again)
    tx.execute(used.execution_options(synchronize_session=False))


def list_sessions(tx: Session, name: str | None, asked: Asked, *, own_token: str = "", count: bool = False) -> Page[SessionRow]:
    """The sessions of one account, or of all, that are not over; the latest first."""
    own: list[Any] = [(SignIn.token_hash == hash_of(own_token)).label("own")]
    columns = (SignIn.id, UserAccount.name, SignIn.created_at, SignIn.last_seen_at, SignIn.expires_at, SignIn.source, SignIn.browser)
    living = select(*columns, *own).join(UserAccount).where(SignIn.expires_at > func.now(), UserAccount.active)
    if name is not None:
        living = living.where(UserAccount.name == name)
    return read_page(tx, living, (Key(SignIn.id, descending=True),), asked, count=count).typed(SessionRow)


def end_session(tx: Session, session_id: int, by: Author, of: str | None = None) -> str:
    """End a session, of the account `of` where it is named; answers whose it was. Raises NotFound."""
    wanted = select(UserAccount.name).join(SignIn).where(SignIn.id == session_id)
    name = tx.scalar(wanted if of is None else wanted.where(UserAccount.name == of))
    if name is None or not tx.execute(delete(SignIn).where(SignIn.id == session_id).returning(SignIn.id)).all():
        raise NotFound(f"There is no session {session_id}.", code="session_unknown", next_step="Load the list again: it may be over.")
    note(tx, by, "end_session", f"account:{name}", {"session": session_id})
    return name


def end_all(tx: Session, account: UserAccount, by: Author, *, but: str = "") -> int:
    """End every session of an account but the one with this token, and tell the log; answers how many."""
    ended = end_sessions(tx, account.id, but=but)
    note(tx, by, "end_sessions", f"account:{account.name}", {"sessions": ended})
    return ended


def end_sessions(tx: Session, account_id: int, *, but: str = "") -> int:
    """End every session of an account but the one with this token; answers how many."""
    ended = delete(SignIn).where(SignIn.account_id == account_id, SignIn.token_hash != hash_of(but))
    return len(tx.execute(ended.returning(SignIn.id)).all())


def forget_what_is_over(tx: Session) -> None:
    """Housekeeping: sessions, links and known browsers that are over go, and attempts to sign in a day after the last one."""
    for kind in _EXPIRING:
        tx.execute(delete(kind).where(kind.expires_at < func.now()))  # type: ignore[attr-defined]  # each has it
    tx.execute(delete(SignInPause).where(SignInPause.failed_at < func.now() - timedelta(days=1)))


_EXPIRING: Sequence[type] = (SignIn, OneTimeLink, KnownBrowser)
