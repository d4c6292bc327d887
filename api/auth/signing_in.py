"""Signing in with a password: counted, verified without any lock or transaction, then begun. The log is told what failed."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import update
from sqlalchemy.orm import Session

from api.auth import passwords, pauses, second_factor
from api.auth.accounts import find_account, groups_of
from api.auth.model import UserAccount
from api.auth.roles import roles_of
from api.auth.sessions import Beginning, Credentials, Pending, Terms, Visitor, complete, pending_of, sign_in
from api.errors import Unauthenticated
from engine.store import locks
from engine.store.locks import Lock
from engine.store.unit_of_work import Database
from handlers.changes import Author, note

#: By a link in a mail, which stands for the password and nothing else.
TASK_LINK: Final = "task link"
_ONE_FACTOR: Final = frozenset({"password", TASK_LINK})
#: How many passkeys may be refused from one place before it pauses.
_REFUSED_PASSKEYS: Final = 60


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
    """A session that began, and the secret by which the browser will be known.

    `pending` says that it waits for a second factor first: for its `code`, or that one is enrolled (`enrol`).
    """

    name: str
    credentials: Credentials
    browser: str
    pending: str = ""


@dataclass(frozen=True, slots=True)
class _Found:
    account_id: int | None
    name: str
    password_hash: str | None
    keys: pauses.Keys
    log_failure: bool


def sign_in_by_password(database: Database, attempt: Attempt, terms: Terms) -> SignedIn | None:
    """Begin a session when the password is right; None says only that it is not so. Raises TooOften in a pause, Busy when many sign in."""
    with passwords.TURNS.turn():
        found = database.run(lambda tx: _count(tx, attempt))
        right = passwords.matches(found.password_hash, attempt.password)
    if not right or found.account_id is None:
        if found.log_failure:
            database.run(lambda tx: _note_failure(tx, found, attempt.visitor))
        return None
    better = passwords.hashed(attempt.password) if passwords.outdated(found.password_hash or "") else None
    return database.run(lambda tx: _begin(tx, found, attempt, terms, better))


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


def _begin(tx: Session, found: _Found, attempt: Attempt, terms: Terms, better: str | None) -> SignedIn | None:
    """Begin the session, unless the account was closed or its password changed while the password was verified."""
    account_id = found.account_id or 0
    locks.take(tx, Lock.USER_ACCOUNT, [account_id])
    account = tx.get_one(UserAccount, account_id)
    if not account.active or account.password_hash != found.password_hash:
        return None
    pauses.forgive(tx, found.keys)
    if better:
        tx.execute(update(UserAccount).where(UserAccount.id == account_id).values(password_hash=better))
    return begin(tx, account, attempt, terms, "password")


def begin(tx: Session, account: UserAccount, attempt: Attempt, terms: Terms, how: str) -> SignedIn:
    """Begin a session of somebody who has proved who they are; by a password or link alone it may wait for the second factor."""
    pending = _still_asked(tx, account.id, terms) if how in _ONE_FACTOR else ""
    made = sign_in(tx, account.id, terms, attempt.visitor, Beginning(attempt.session, how, bool(pending)))
    if pending:
        return SignedIn(account.name, made, attempt.browser, pending)
    _note_sign_in(tx, account.name, how, attempt.visitor)
    return SignedIn(account.name, made, pauses.know_browser(tx, account.id, attempt.browser))


def _still_asked(tx: Session, account_id: int, terms: Terms) -> str:
    if second_factor.state_of(tx, account_id).asked_for:
        return "code"
    return "enrol" if terms.second_factor & roles_of(groups_of(tx, account_id)) else ""


def sign_in_by_code(database: Database, attempt: Attempt, terms: Terms) -> SignedIn:
    """Let the session that waits begin, by a code of the second factor (in place of the password). `attempt.session` is the waiting one.

    Raises Unauthenticated when none waits any more, Invalid for a wrong code, TooOften after some of them.
    """
    waiting = _waiting(database, attempt)
    how = second_factor.prove(database, waiting.account_id, attempt.password)
    if how is None:
        database.run(lambda tx: _note_wrong_code(tx, waiting, attempt.visitor))
        raise second_factor.wrong_code()
    return database.run(lambda tx: _complete(tx, waiting, attempt, terms, how))


def sign_in_by_enrolling(database: Database, attempt: Attempt, terms: Terms) -> tuple[SignedIn, list[str]]:
    """Let the session that waits begin, because its second factor was just enrolled; answers the recovery codes as well.

    Raises as `sign_in_by_code` does, and Conflict where no enrolment was begun.
    """
    waiting = _waiting(database, attempt)
    codes = second_factor.confirm(database, waiting.account_id, attempt.password, Author(waiting.name))
    return database.run(lambda tx: _complete(tx, waiting, attempt, terms, "new second factor")), codes


def _waiting(database: Database, attempt: Attempt) -> Pending:
    with database.transaction() as tx:
        waiting = pending_of(tx, attempt.session)
    if waiting is None:
        raise _nobody_waits()
    return waiting


def _complete(tx: Session, waiting: Pending, attempt: Attempt, terms: Terms, how: str) -> SignedIn:
    made = complete(tx, attempt.session, terms)
    if made is None:
        raise _nobody_waits()
    _note_sign_in(tx, waiting.name, f"password and {how}", attempt.visitor)
    return SignedIn(waiting.name, made, pauses.know_browser(tx, waiting.account_id, attempt.browser))


def _nobody_waits() -> Unauthenticated:
    return Unauthenticated("Nobody waits for a second factor here.", next_step="Sign in again with your password.")


def _note_sign_in(tx: Session, name: str, how: str, visitor: Visitor) -> None:
    note(tx, Author(name), "sign_in", f"account:{name}", {"by": how, "source": visitor.source})


def note_refused_passkey(tx: Session, visitor: Visitor) -> None:
    """Tell the log that somebody came with a passkey that lets nobody in; as often as pauses allow guesses from there."""
    keys = _passkeys_from(visitor)
    failures = pauses.count_attempt(tx, keys)
    if pauses.begins_a_pause(keys, failures):
        note(tx, Author("anonymous"), "sign_in_refused", "account", {"source": visitor.source, "by": "passkey"})


def count_asking_for_passkey(tx: Session, visitor: Visitor) -> None:
    """Whoever asks and never signs pauses as whoever signs wrongly: each question is kept until it is over. Raises TooOften."""
    pauses.count_attempt(tx, _passkeys_from(visitor))


def forgive_passkeys(tx: Session, visitor: Visitor) -> None:
    """Somebody there has proved who they are."""
    pauses.forgive(tx, _passkeys_from(visitor))


def _passkeys_from(visitor: Visitor) -> pauses.Keys:
    return {f"passkey from {visitor.source}": _REFUSED_PASSKEYS}


def _note_wrong_code(tx: Session, waiting: Pending, visitor: Visitor) -> None:
    note(tx, Author("anonymous"), "sign_in_refused", f"account:{waiting.name}", {"source": visitor.source, "by": "code"})


def _note_failure(tx: Session, found: _Found, visitor: Visitor) -> None:
    """The first failure and each that begins a pause; so a guesser writes few rows. Nobody knows what was typed as an unknown name."""
    target = f"account:{found.name}" if found.name else "account"
    note(tx, Author("anonymous"), "sign_in_refused", target, {"source": visitor.source, "browser": visitor.browser[:200]})
