"""Signing in with a password: counted, verified without any lock or transaction, then begun. The log is told what failed."""

from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.orm import Session

from api.auth import passwords, pauses
from api.auth.accounts import find_account
from api.auth.model import UserAccount
from api.auth.sessions import Credentials, Lifetime, Visitor, sign_in
from engine.store import locks
from engine.store.locks import Lock
from engine.store.unit_of_work import Database
from handlers.changes import Author, note


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody tries to sign in. `browser` is the secret of the cookie by which it is known, `session` that of a session it has."""

    name: str
    password: str
    visitor: Visitor
    browser: str = ""
    session: str = ""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that began, and the secret by which the browser will be known."""

    name: str
    credentials: Credentials
    browser: str


@dataclass(frozen=True, slots=True)
class _Found:
    account_id: int | None
    name: str
    password_hash: str | None
    keys: pauses.Keys
    log_failure: bool


def sign_in_by_password(database: Database, attempt: Attempt, lasts: Lifetime) -> SignedIn | None:
    """Begin a session when the password is right; None says only that it is not so. Raises TooOften in a pause, Busy when many sign in."""
    with passwords.TURNS.turn():
        found = database.run(lambda tx: _count(tx, attempt))
        right = passwords.matches(found.password_hash, attempt.password)
    if not right or found.account_id is None:
        if found.log_failure:
            database.run(lambda tx: _note_failure(tx, found, attempt.visitor))
        return None
    better = passwords.hashed(attempt.password) if passwords.outdated(found.password_hash or "") else None
    return database.run(lambda tx: _begin(tx, found, attempt, lasts, better))


def _count(tx: Session, attempt: Attempt) -> _Found:
    account = find_account(tx, attempt.name)
    able = account if account is not None and account.active and not account.machine else None
    keys = pauses.keys_of(tx, attempt.name, attempt.visitor.source, attempt.browser, able.id if able else None)
    failures = pauses.count_attempt(tx, keys)
    return _Found(
        account_id=able.id if able else None,
        name=account.name if account else "",
        password_hash=able.password_hash if able else None,
        keys=keys,
        log_failure=pauses.begins_a_pause(keys, failures),
    )


def _begin(tx: Session, found: _Found, attempt: Attempt, lasts: Lifetime, better: str | None) -> SignedIn | None:
    """Begin the session, unless the account was closed or its password changed while the password was verified."""
    account_id = found.account_id or 0
    locks.take(tx, Lock.USER_ACCOUNT, [account_id])
    account = tx.get_one(UserAccount, account_id)
    if not account.active or account.password_hash != found.password_hash:
        return None
    pauses.forgive(tx, found.keys)
    if better:
        tx.execute(update(UserAccount).where(UserAccount.id == account_id).values(password_hash=better))
    return begin(tx, account, attempt, lasts, "password")


def begin(tx: Session, account: UserAccount, attempt: Attempt, lasts: Lifetime, how: str) -> SignedIn:
    """Begin a session of somebody who has proved who they are."""
    made = sign_in(tx, account.id, lasts, attempt.visitor, attempt.session)
    browser = pauses.know_browser(tx, account.id, attempt.browser)
    note(tx, Author(account.name), "sign_in", f"account:{account.name}", {"by": how, "source": attempt.visitor.source})
    return SignedIn(account.name, made, browser)


def _note_failure(tx: Session, found: _Found, visitor: Visitor) -> None:
    """The first failure and each that begins a pause; so a guesser writes few rows. Nobody knows what was typed as an unknown name."""
    target = f"account:{found.name}" if found.name else "account"
    note(tx, Author("anonymous"), "sign_in_refused", target, {"source": visitor.source, "browser": visitor.browser[:200]})
