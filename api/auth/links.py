"""One-time links: by one its holder chooses a password, or makes the first account. Stored as a hash, used once, over after a day.

The secret stands behind the # of the address: no server, log or other site is told it.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from api.auth import passwords
from api.auth.accounts import NewAccount, add_account, company_name, has_administrator
from api.auth.hashes import hash_of, new_secret
from api.auth.model import KnownBrowser, OneTimeLink, UserAccount
from api.auth.sessions import end_sessions
from engine.problems import Conflict, Invalid
from engine.store import locks
from engine.store.locks import Advisory, Lock, advisory
from engine.store.unit_of_work import Database
from handlers.changes import Author, note

HOURS = 24
_LASTS = timedelta(hours=HOURS)
_PATH = "password"


@dataclass(frozen=True, slots=True)
class Opened:
    """What a link is for: the account whose password is chosen, or none where the first account is made."""

    account_id: int | None
    name: str
    words: tuple[str, ...]


def address(site: str, secret: str) -> str:
    """The link itself, at a site such as https://orders.example/."""
    return f"{site.rstrip('/')}/{_PATH}#{secret}"


def make_link(tx: Session, account: UserAccount, by: Author) -> str:
    """The secret of a link by which the owner of an account chooses a password; an earlier one is worth nothing from now on."""
    if account.machine:
        raise Conflict(f"{account.name} is a machine and has no password.", code="machine", next_step="Give it a token.")
    if not account.active:
        raise Conflict(f"{account.name} is inactive.", code="account_inactive", next_step="Ask an administrator to activate it first.")
    tx.execute(delete(OneTimeLink).where(OneTimeLink.account_id == account.id))
    secret = new_secret()
    tx.add(OneTimeLink(token_hash=hash_of(secret), account_id=account.id, made_by=by.name, expires_at=func.now() + _LASTS))
    tx.flush()
    note(tx, by, "make_link", f"account:{account.name}", {"hours": HOURS})
    return secret


def make_first_link(tx: Session, by: Author) -> str | None:
    """The secret of the link that makes the first administrator; None where there is one. An earlier link is worth nothing from now on."""
    advisory(tx, Advisory.FIRST_ACCOUNT)
    if has_administrator(tx):
        return None
    tx.execute(delete(OneTimeLink).where(OneTimeLink.account_id.is_(None)))
    secret = new_secret()
    tx.add(OneTimeLink(token_hash=hash_of(secret), account_id=None, made_by=by.name, expires_at=func.now() + _LASTS))
    tx.flush()
    note(tx, by, "make_link", "account", {"for": "the first administrator", "hours": HOURS})
    return secret


def open_link(tx: Session, secret: str) -> Opened:
    """What a link is for. Raises Invalid when it is unknown, used or over."""
    living = select(OneTimeLink.account_id, UserAccount.name, UserAccount.full_name).outerjoin(UserAccount)
    found = tx.execute(living.where(OneTimeLink.token_hash == hash_of(secret), OneTimeLink.expires_at > func.now())).first()
    if found is None:
        raise _over()
    return Opened(found[0], found[1] or "", (found[1] or "", found[2] or "", company_name(tx)))


def choose_password(database: Database, secret: str, password: str, first: NewAccount | None = None) -> str:
    """Use a link: the account has this password, its sessions end, and the link is worth nothing; answers the user name.

    `first` is the first account where the link makes one. Raises Invalid by field, Conflict, Busy.
    """
    with database.transaction() as tx:
        opened = open_link(tx, secret)
    own = (first.name, first.full_name) if first else ()
    passwords.check_strength(password, [*opened.words, *own])
    made = passwords.hashed(password)
    return database.run(lambda tx: _use(tx, secret, made, first))


def _use(tx: Session, secret: str, password_hash: str, first: NewAccount | None) -> str:
    opened = open_link(tx, secret)
    if opened.account_id is None:
        account_id = _add_first(tx, first)
    else:
        account_id = opened.account_id
        locks.take(tx, Lock.USER_ACCOUNT, [account_id])
    if not tx.execute(delete(OneTimeLink).where(OneTimeLink.token_hash == hash_of(secret)).returning(OneTimeLink.token_hash)).all():
        raise _over()  # somebody else was faster
    name = tx.scalars(select(UserAccount.name).where(UserAccount.id == account_id)).one()
    set_password(tx, account_id, password_hash, Author(name))
    return name


def _add_first(tx: Session, first: NewAccount | None) -> int:
    advisory(tx, Advisory.FIRST_ACCOUNT)
    if has_administrator(tx):
        raise Conflict("There is an administrator already.", code="first_account", next_step="Ask an administrator to add your account.")
    if first is None:
        raise Invalid(
            "This link makes the first account.",
            code="first_account",
            next_step="Give the account a user name and a name.",
            errors={"name": ["is missing"], "full_name": ["is missing"]},
        )
    return add_account(tx, first, Author(first.name)).id


def set_password(tx: Session, account_id: int, password_hash: str, by: Author, *, but: str = "") -> None:
    """Store a new password: every session of the account ends but the one with the token `but`, links and known browsers too."""
    name = tx.scalars(select(UserAccount.name).where(UserAccount.id == account_id)).one()
    changed = {"password_hash": password_hash, "password_changed_at": func.now()}
    tx.execute(update(UserAccount).where(UserAccount.id == account_id).values(**changed))
    ended = end_sessions(tx, account_id, but=but)
    tx.execute(delete(OneTimeLink).where(OneTimeLink.account_id == account_id))
    tx.execute(delete(KnownBrowser).where(KnownBrowser.account_id == account_id))
    note(tx, by, "set_password", f"account:{name}", {"sessions_ended": ended})


def _over() -> Invalid:
    return Invalid(
        "The link is unknown, was used already, or is over.",
        code="link_over",
        next_step="Ask an administrator for a new one.",
        errors={"code": ["is unknown, was used already, or is over"]},
    )
