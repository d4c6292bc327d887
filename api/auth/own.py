"""What somebody does with their own account, and needs their password for: choose another one, begin a second factor."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import passkeys, passwords, pauses, second_factor
from api.auth.accounts import account_named, company_name
from api.auth.links import set_password
from api.auth.model import UserAccount
from api.auth.passkeys import Place
from api.auth.sessions import Credentials, renew
from api.errors import Unauthenticated
from engine.problems import Conflict, Invalid
from engine.store import locks
from engine.store.locks import Lock
from engine.store.unit_of_work import Database
from handlers.changes import Author, note

_GUESSES = 5


@dataclass(frozen=True, slots=True)
class Change:
    """A password to be changed by its owner, in the session whose secret is named."""

    name: str
    old: str
    new: str
    session: str


@dataclass(frozen=True, slots=True)
class _Owner:
    id: int
    password_hash: str | None
    words: tuple[str, ...]


def change_password(database: Database, change: Change) -> Credentials:
    """Choose another password. All other sessions end, and this one goes on under new secrets.

    Raises Invalid by field (`old` or `new`), TooOften after wrong old ones, Busy.
    """
    owner = _proved(database, change.name, change.old, "old")
    if change.old == change.new:
        raise Invalid("It is the old password.", code="password_same", next_step="Choose another.", errors={"new": ["is the old one"]})
    passwords.check_strength(change.new, owner.words, "new")
    made = passwords.hashed(change.new)
    return database.run(lambda tx: _change(tx, owner, made, change))


def begin_second_factor(database: Database, name: str, password: str) -> second_factor.Enrolment:
    """Make a secret for an authenticator app, for whoever knows the password: a session that was left open is not enough.

    Raises Invalid by field (`password`), Conflict where there is a second factor already, TooOften, Busy.
    """
    owner = _proved(database, name, password, "password")
    return database.run(lambda tx: second_factor.begin(tx, tx.get_one(UserAccount, owner.id)))


def confirm(database: Database, name: str, password: str, code: str, session: str) -> Credentials:
    """Prove who one is once more, by the password and, where there is one, the second factor; the session goes on under new secrets.

    Raises Invalid by field (`password`, `code`), Conflict where there is no password, TooOften, Busy.
    """
    owner = _proved(database, name, password, "password")
    with database.transaction() as tx:
        asked_for = second_factor.state_of(tx, owner.id).asked_for
    if asked_for and second_factor.prove(database, owner.id, code) is None:
        raise second_factor.wrong_code()

    return database.run(lambda tx: _renewed(tx, name, session))


def confirm_by_passkey(tx: Session, name: str, asked: tuple[Place, str], credential: dict[str, Any], session: str) -> Credentials:
    """Prove who one is once more by a passkey of one's own, which is two factors; the session goes on under new secrets. Raises Invalid."""
    account = passkeys.prove(tx, asked, credential)
    if account.name != name:
        raise Invalid(f"That is a passkey of {account.name}.", code="passkey_refused", next_step="Use one of your own.")
    return _renewed(tx, name, session)


def account_id_of(database: Database, name: str) -> int:
    """The number of an account. Raises NotFound."""
    with database.transaction() as tx:
        return account_named(tx, name).id


def _proved(database: Database, name: str, password: str, field: str) -> _Owner:
    owner = database.run(lambda tx: _owner(tx, name))
    with passwords.TURNS.turn():
        right = passwords.matches(owner.password_hash, password)
    if not right:
        raise Invalid(
            "That is not your password.", code="password_wrong", next_step="Correct the present password.", errors={field: ["is wrong"]}
        )
    database.run(lambda tx: pauses.forgive(tx, _keys(owner.id)))
    return owner


def _owner(tx: Session, name: str) -> _Owner:
    account = account_named(tx, name)
    if account.password_hash is None:
        raise Conflict(f"{account.name} has no password.", code="password_none", next_step="Ask an administrator for a link to choose one.")
    pauses.count_attempt(tx, _keys(account.id))
    return _Owner(account.id, account.password_hash, (account.name, account.full_name, company_name(tx)))


def _change(tx: Session, owner: _Owner, password_hash: str, change: Change) -> Credentials:
    locks.take(tx, Lock.USER_ACCOUNT, [owner.id])
    if tx.scalar(select(UserAccount.password_hash).where(UserAccount.id == owner.id)) != owner.password_hash:
        raise Conflict("The password was changed meanwhile.", code="password_changed", next_step="Sign in with the new one.")
    set_password(tx, owner.id, password_hash, Author(change.name), but=change.session)
    renewed = renew(tx, change.session)
    if renewed is None:
        raise _session_over()
    return renewed


def _renewed(tx: Session, name: str, session: str) -> Credentials:
    renewed = renew(tx, session)
    if renewed is None:
        raise _session_over()
    note(tx, Author(name), "confirm", f"account:{name}", {})
    return renewed


def _session_over() -> Unauthenticated:
    return Unauthenticated("Your session is over.", next_step="Sign in again; nothing was changed.")


def _keys(account_id: int) -> pauses.Keys:
    return {f"password of {account_id}": _GUESSES}
