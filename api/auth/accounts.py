"""Signing in and out. A wrong password costs time: five failures lock the account for five minutes."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from api.auth.model import ApiToken, SignIn, UserAccount, UserGroup
from api.auth.roles import GROUPS, Role, roles_of
from api.errors import Unauthenticated
from engine.problems import Conflict, Invalid
from engine.runtime.state.people import Person
from engine.store import locks
from engine.store.locks import Lock

LEAST_PASSWORD_LENGTH = 12
_FAILURES_BEFORE_LOCK = 5
_LOCK = timedelta(minutes=5)
_hasher = PasswordHasher()


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to be added."""

    name: str
    full_name: str
    groups: tuple[str, ...]
    title: str = ""
    password: str | None = None


@dataclass(frozen=True, slots=True)
class Credentials:
    """A signed-in browser: the secret token for its cookie and the one its forms carry."""

    token: str
    csrf_token: str


def add_account(tx: Session, new: NewAccount) -> UserAccount:
    """Add an account. Raises Invalid for an unknown group or a short password, Conflict for a name that is taken."""
    unknown = sorted(set(new.groups) - GROUPS)
    if unknown:
        raise Invalid(f"Unknown groups: {', '.join(unknown)}.", code="group_unknown", next_step=f"Choose of {', '.join(sorted(GROUPS))}.")
    if new.password is not None and len(new.password) < LEAST_PASSWORD_LENGTH:
        raise Invalid(
            f"The password has {len(new.password)} characters.",
            code="password_short",
            next_step=f"Choose one of at least {LEAST_PASSWORD_LENGTH} characters.",
        )
    if tx.scalar(select(UserAccount.id).where(UserAccount.name == new.name)):
        raise Conflict(f"There is an account {new.name!r} already.", code="account_exists", next_step="Choose another name.")
    account = UserAccount(
        name=new.name, full_name=new.full_name, title=new.title, password_hash=_hasher.hash(new.password) if new.password else None
    )
    tx.add(account)
    tx.flush()  # the groups below need its id
    tx.add_all(UserGroup(account_id=account.id, group_name=group) for group in new.groups)
    tx.flush()
    return account


def check_password(tx: Session, name: str, password: str) -> UserAccount | None:
    """The account when the password is right and the account is neither locked nor switched off, else None."""
    nobody = _hash_of_nobody()  # before it is known whether there is such an account: the first answer of a process takes no longer either
    locks.take(tx, Lock.USER_ACCOUNT, [name], by="name")  # two guesses at once are two failures
    account = tx.scalar(select(UserAccount).where(UserAccount.name == name))
    locked = account is not None and tx.scalar(select(UserAccount.locked_until > func.now()).where(UserAccount.id == account.id))
    try:
        _hasher.verify(account.password_hash if account and account.password_hash else nobody, password)
    except VerificationError:
        if account is not None:
            _count_failure(tx, account)
        return None
    if account is None or locked or not account.active or not account.password_hash:
        return None
    tx.execute(update(UserAccount).where(UserAccount.id == account.id).values(failed_sign_ins=0, locked_until=None))
    return account


@cache
def _hash_of_nobody() -> str:
    """What is verified when the account does not exist, so that the answer takes as long either way."""
    return _hasher.hash(secrets.token_urlsafe())


def _count_failure(tx: Session, account: UserAccount) -> None:
    failures = account.failed_sign_ins + 1
    locked_until = func.now() + _LOCK if failures >= _FAILURES_BEFORE_LOCK else None
    tx.execute(update(UserAccount).where(UserAccount.id == account.id).values(failed_sign_ins=failures, locked_until=locked_until))


def sign_in(tx: Session, account: UserAccount, lasts: timedelta) -> Credentials:
    """Begin a session; expired ones of the account are removed."""
    made = Credentials(secrets.token_urlsafe(32), secrets.token_urlsafe(32))
    tx.execute(delete(SignIn).where(SignIn.account_id == account.id, SignIn.expires_at < func.now()))
    tx.add(SignIn(token_hash=hash_token(made.token), account_id=account.id, csrf_token=made.csrf_token, expires_at=func.now() + lasts))
    tx.flush()
    return made


def sign_out(tx: Session, token: str) -> None:
    """End a session."""
    tx.execute(delete(SignIn).where(SignIn.token_hash == hash_token(token)))


def forget_old_sessions(tx: Session) -> None:
    """Housekeeping: sessions that are over go."""
    tx.execute(delete(SignIn).where(SignIn.expires_at < func.now()))


def person_of_session(tx: Session, token: str) -> tuple[Person, str] | None:
    """The person of a session and its CSRF token, or None when it is unknown or over. One statement."""
    groups = func.array_remove(func.array_agg(UserGroup.group_name), None)
    row = tx.execute(
        select(UserAccount.name, groups, SignIn.csrf_token)
        .join(SignIn, SignIn.account_id == UserAccount.id)
        .outerjoin(UserGroup, UserGroup.account_id == UserAccount.id)
        .where(SignIn.token_hash == hash_token(token), SignIn.expires_at > func.now(), UserAccount.active)
        .group_by(UserAccount.name, SignIn.csrf_token)
    ).first()
    return (_person(row[0], row[1]), row[2]) if row else None


def person_of_token(tx: Session, token: str, name: str | None = None) -> Person:
    """The person of an API token, with the token's roles only. Raises Unauthenticated when it is unknown or expired, or not of `name`."""
    groups = func.array_remove(func.array_agg(UserGroup.group_name), None)
    row = tx.execute(
        select(UserAccount.name, groups, ApiToken.roles, ApiToken.topics)
        .join(ApiToken, ApiToken.account_id == UserAccount.id)
        .outerjoin(UserGroup, UserGroup.account_id == UserAccount.id)
        .where(ApiToken.token_hash == hash_token(token), ApiToken.expires_at > func.now(), UserAccount.active)
        .group_by(UserAccount.name, ApiToken.roles, ApiToken.topics)
    ).first()
    if row is None or name not in {None, row[0]}:
        raise Unauthenticated(
            "The API token is unknown or has expired.", next_step="Ask an administrator for a new one: ordercraft user token."
        )
    return replace(_person(row[0], row[1], only=row[2]), topics=None if row[3] is None else frozenset(row[3]))


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token to be made: what it is for, what it may do of what the account may, and the topics it may serve (all where none is named)."""

    label: str
    roles: tuple[Role, ...]
    lasts: timedelta
    topics: tuple[str, ...] = ()


def add_token(tx: Session, account: UserAccount, new: NewToken) -> str:
    """Make a bearer token; it is shown once and stored as a hash. Raises Invalid when the account has none of the roles."""
    roles = list(new.roles)
    if len(roles_lacking(tx, account, roles)) == len(roles):
        raise Invalid(
            f"{account.name} has no role of {', '.join(roles)}, so the token could do nothing.",
            code="token_useless",
            next_step="Ask for roles the account's groups grant, or make the token for another account.",
        )
    token = "oc_" + secrets.token_urlsafe(32)
    kept = {"label": new.label, "roles": roles, "topics": list(new.topics) or None, "expires_at": func.now() + new.lasts}
    tx.add(ApiToken(token_hash=hash_token(token), account_id=account.id, **kept))
    tx.flush()
    return token


def roles_lacking(tx: Session, account: UserAccount, roles: Iterable[Role]) -> list[Role]:
    """Which of `roles` the groups of an account do not grant."""
    granted = roles_of(tx.scalars(select(UserGroup.group_name).where(UserGroup.account_id == account.id)))
    return [role for role in roles if role not in granted]


def _person(name: str, groups: Iterable[str], only: Iterable[str] | None = None) -> Person:
    roles = roles_of(groups)
    granted = roles if only is None else roles & frozenset(map(Role, only))
    return Person(name=name, groups=frozenset(groups), roles=frozenset(map(str, granted)))


def hash_token(token: str) -> str:
    """Tokens are long and random, so one SHA-256 is enough."""
    return hashlib.sha256(token.encode()).hexdigest()
