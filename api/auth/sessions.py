"""Sessions of browsers: begun, renewed, listed, ended. The browser holds a random token, we hold its hash."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from api.auth.hashes import hash_of, new_secret
from api.auth.model import KnownBrowser, OneTimeLink, PasskeyChallenge, SignIn, SignInPause, SignOnAttempt, UserAccount, UserGroup
from api.auth.roles import roles_of
from engine.problems import NotFound
from engine.runtime.state.people import Person
from engine.store.paging import Asked, Key, Page, read_page
from handlers.changes import Author, note

#: How exactly is kept when a session or token was last used: no request writes more often.
SEEN = timedelta(minutes=1)
#: How long somebody has for the second factor.
PENDING = timedelta(minutes=10)
_LONGEST_BROWSER = 200


@dataclass(frozen=True, slots=True)
class Credentials:
    """A signed-in browser: the secret token for its cookie and the one its forms carry."""

    token: str
    csrf_token: str


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a session lasts without use, and at most; and the roles whose holders need a second factor."""

    idle: timedelta
    longest: timedelta
    second_factor: frozenset[str] = frozenset()
    #: The one task that a session reaches; None for all that the person may.
    only_task: UUID | None = None


@dataclass(frozen=True, slots=True)
class Beginning:
    """How a session begins: over which one, how it was proved who it is, and whether a second factor is still asked for."""

    over: str = ""
    how: str = "password"
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Signed:
    """Who is signed in, what their forms carry, and how long ago they proved who they are; None where there is nothing to prove it with."""

    person: Person
    csrf_token: str
    proved: timedelta | None
    only_task: UUID | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """Whose session waits for the second factor."""

    account_id: int
    name: str


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


def sign_in(tx: Session, account_id: int, terms: Terms, visitor: Visitor, beginning: Beginning) -> Credentials:
    """Begin a session; the one it is begun over ends with it, so that nobody goes on in what another began in this browser."""
    made = Credentials(new_secret(), new_secret())
    if beginning.over:
        sign_out(tx, beginning.over)
    idle = PENDING if beginning.pending else terms.idle
    tx.add(
        SignIn(
            token_hash=hash_of(made.token),
            account_id=account_id,
            csrf_token=made.csrf_token,
            expires_at=func.now() + min(idle, terms.longest),
            ends_at=func.now() + terms.longest,
            pending=beginning.pending,
            how=beginning.how,
            only_task=terms.only_task,
            source=visitor.source,
            browser=visitor.browser[:_LONGEST_BROWSER],
        )
    )
    tx.flush()
    if not beginning.pending:
        _note_sign_in(tx, account_id)
    return made


def pending_of(tx: Session, token: str) -> Pending | None:
    """Whose session it is that waits for the second factor; None when none does."""
    waiting = select(SignIn.account_id, UserAccount.name).join(UserAccount).where(SignIn.token_hash == hash_of(token), SignIn.pending)
    row = tx.execute(waiting.where(SignIn.expires_at > func.now(), UserAccount.active)).first()
    return Pending(row[0], row[1]) if row else None


def complete(tx: Session, token: str, terms: Terms) -> Credentials | None:
    """Let a session that waited begin, under new secrets. None when it is over, or somebody else was faster."""
    made = Credentials(new_secret(), new_secret())
    begun = {
        "pending": False,
        "proved_at": func.now(),
        "expires_at": func.now() + min(terms.idle, terms.longest),
        "last_seen_at": func.now(),
    }
    waiting = update(SignIn).where(SignIn.token_hash == hash_of(token), SignIn.pending, SignIn.expires_at > func.now())
    values = waiting.values(token_hash=hash_of(made.token), csrf_token=made.csrf_token, **begun)
    account_id = tx.scalar(values.returning(SignIn.account_id))
    if account_id is None:
        return None
    _note_sign_in(tx, account_id)
    return made


def _note_sign_in(tx: Session, account_id: int) -> None:
    tx.execute(update(UserAccount).where(UserAccount.id == account_id).values(last_sign_in_at=func.now()))


def renew(tx: Session, token: str) -> Credentials | None:
    """Give a session whose owner was proved anew new secrets; whoever had the old ones has nothing. None when it is over."""
    made = Credentials(new_secret(), new_secret())
    renewed = update(SignIn).where(SignIn.token_hash == hash_of(token), SignIn.expires_at > func.now())
    found = tx.execute(
        renewed.values(token_hash=hash_of(made.token), csrf_token=made.csrf_token, proved_at=func.now()).returning(SignIn.id)
    ).first()
    return made if found else None


def sign_out(tx: Session, token: str) -> str:
    """End a session; answers how it was proved who it is, or nothing where it was over."""
    return tx.scalar(delete(SignIn).where(SignIn.token_hash == hash_of(token)).returning(SignIn.how)) or ""


def person_of_session(tx: Session, token: str) -> Signed | None:
    """The person of a session, or None when it is unknown or over. Once a minute its use is noted."""
    groups = func.array_remove(func.array_agg(UserGroup.group_name), None)
    row = tx.execute(
        select(
            UserAccount.name,
            groups,
            SignIn.csrf_token,
            SignIn.last_seen_at < func.now() - SEEN,
            func.now() - SignIn.proved_at,
            SignIn.how,
            SignIn.only_task,
        )
        .join(SignIn, SignIn.account_id == UserAccount.id)
        .outerjoin(UserGroup, UserGroup.account_id == UserAccount.id)
        .where(SignIn.token_hash == hash_of(token), SignIn.expires_at > func.now(), ~SignIn.pending, UserAccount.active)
        .group_by(UserAccount.name, SignIn.token_hash)
    ).first()
    if row is None:
        return None
    if row[3]:
        _note_use(tx, token)
    only_task = row[6]
    roles = frozenset(map(str, roles_of(row[1] if only_task is None else ())))  # by a link nobody is more than who decides the task
    person = Person(name=row[0], groups=frozenset(row[1]), roles=roles)
    return Signed(person, row[2], None if row[5] == "persona" else row[4], only_task)


def _note_use(tx: Session, token: str) -> None:
    """It lasts as long again as it would have without use, never beyond its end."""
    again = func.least(SignIn.ends_at, func.now() + (SignIn.expires_at - SignIn.last_seen_at))
    used = update(SignIn).where(SignIn.token_hash == hash_of(token)).values(last_seen_at=func.now(), expires_at=again)
    tx.execute(used.execution_options(synchronize_session=False))


def list_sessions(tx: Session, name: str | None, asked: Asked, *, own_token: str = "", count: bool = False) -> Page[SessionRow]:
    """The sessions of one account, or of all, that are not over; the latest first."""
    own: list[Any] = [(SignIn.token_hash == hash_of(own_token)).label("own")]
    columns = (SignIn.id, UserAccount.name, SignIn.created_at, SignIn.last_seen_at, SignIn.expires_at, SignIn.source, SignIn.browser)
    living = select(*columns, *own).join(UserAccount).where(SignIn.expires_at > func.now(), ~SignIn.pending, UserAccount.active)
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


_EXPIRING: Sequence[type] = (SignIn, OneTimeLink, KnownBrowser, SignOnAttempt, PasskeyChallenge)
