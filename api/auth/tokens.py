"""API tokens: bearer tokens of programs, made for an account, shown once, valid for a year at most, revoked at any time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from api.auth.hashes import hash_of, new_secret
from api.auth.model import ApiToken, UserAccount, UserGroup
from api.auth.names import folded
from api.auth.roles import Role, roles_of, with_included
from api.auth.sessions import SEEN
from api.errors import Unauthenticated
from engine.problems import Conflict, Invalid, NotFound
from engine.runtime.state.people import Person
from engine.store.paging import Asked, Key, Page, read_page
from handlers.changes import Author, note
from handlers.identifiers import line

MOST_DAYS = 366
_LONGEST_LABEL = 100


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token to be made: what it is for, what it may do of what the account may, and the topics it may serve (all where none is named)."""

    label: str
    roles: tuple[Role, ...]
    lasts: timedelta
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token in a list; `id` names it and opens nothing. `topics` is None for all."""

    id: int
    name: str
    label: str
    roles: list[str]
    topics: list[str] | None
    created_at: datetime
    made_by: str
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None
    over: bool


def add_token(tx: Session, account: UserAccount, new: NewToken, by: Author | None = None) -> str:
    """Make a bearer token; it is shown once and stored as a hash. Raises Invalid by field, Conflict for an inactive account.

    Without `by` the log is told nothing: a demo, a test or a benchmark is prepared.
    """
    label = _checked(tx, account, new)
    secret = new_secret("oc_")
    kept = {"label": label, "roles": [str(role) for role in new.roles], "topics": list(new.topics) or None}
    made = ApiToken(
        token_hash=hash_of(secret), account_id=account.id, expires_at=func.now() + new.lasts, made_by=by.name if by else "", **kept
    )
    tx.add(made)
    tx.flush()
    if by is not None:
        note(tx, by, "make_token", f"account:{account.name}", {**kept, "token": made.id, "days": new.lasts.days})
    return secret


def _checked(tx: Session, account: UserAccount, new: NewToken) -> str:
    """The label as it is kept."""
    if not account.active:
        raise Conflict(f"{account.name} is inactive.", code="account_inactive", next_step="Ask an administrator to activate it first.")
    label = line(new.label.strip(), "label")
    errors = {}
    if not label or len(label) > _LONGEST_LABEL:
        errors["label"] = [f"has 1 to {_LONGEST_LABEL} characters"]
    if new.lasts > timedelta(days=MOST_DAYS):
        errors["days"] = [f"are at most {MOST_DAYS}"]
    if errors:
        raise Invalid("The token cannot be made like this.", code="token_invalid", next_step="Correct the fields named.", errors=errors)
    lacking = roles_lacking(tx, account, new.roles)
    if len(lacking) == len(set(new.roles)):
        raise Invalid(
            f"{account.name} has no role of {', '.join(new.roles)}, so the token could do nothing.",
            code="token_useless",
            next_step="Ask for roles the account's groups grant, or make the token for another account.",
            errors={"roles": ["are none that the account has"]},
        )
    return label


def roles_lacking(tx: Session, account: UserAccount, roles: Iterable[Role]) -> list[Role]:
    """Which of `roles` the groups of an account do not grant."""
    granted = roles_of(tx.scalars(select(UserGroup.group_name).where(UserGroup.account_id == account.id)))
    return sorted(set(roles) - granted)


def person_of_token(tx: Session, token: str, name: str | None = None) -> Person:
    """The person of an API token, with the token's roles only. Once a minute its use is noted.

    Raises Unauthenticated when it is unknown, revoked or expired, or not of `name`.
    """
    groups = func.array_remove(func.array_agg(UserGroup.group_name), None)
    stale = func.coalesce(ApiToken.last_used_at < func.now() - SEEN, True)  # of SQL
    row = tx.execute(
        select(UserAccount.name, UserAccount.name_key, groups, ApiToken.roles, ApiToken.topics, stale)
        .join(ApiToken, ApiToken.account_id == UserAccount.id)
        .outerjoin(UserGroup, UserGroup.account_id == UserAccount.id)
        .where(ApiToken.token_hash == hash_of(token), ApiToken.expires_at > func.now(), ApiToken.revoked_at.is_(None), UserAccount.active)
        .group_by(UserAccount.name, UserAccount.name_key, ApiToken.roles, ApiToken.topics, ApiToken.last_used_at)
    ).first()
    if row is None or not (name is None or name == row[0] or folded(name) == row[1]):
        raise Unauthenticated(
            "The API token is unknown or has expired.", next_step="Ask an administrator for a new one: ordercraft user token."
        )
    if row[5]:
        tx.execute(update(ApiToken).where(ApiToken.token_hash == hash_of(token)).values(last_used_at=func.now()))
    granted = roles_of(row[2]) & with_included(map(Role, row[3]))
    topics = None if row[4] is None else frozenset(row[4])
    return Person(name=row[0], groups=frozenset(row[2]), roles=frozenset(map(str, granted)), topics=topics)


def list_tokens(tx: Session, name: str | None, asked: Asked, *, count: bool = False) -> Page[TokenRow]:
    """The tokens of one account, or of all, revoked and expired ones too; the latest first. None shows its secret."""
    over = (ApiToken.revoked_at.is_not(None) | (ApiToken.expires_at <= func.now())).label("over")
    shown = [getattr(ApiToken, each) for each in TokenRow.__dataclass_fields__ if each not in {"name", "over"}]
    wanted = select(UserAccount.name, *shown, over).join(UserAccount)
    if name is not None:
        wanted = wanted.where(UserAccount.name == name)
    return read_page(tx, wanted, (Key(ApiToken.id, descending=True),), asked, count=count).typed(TokenRow)


def revoke_token(tx: Session, token_id: int, by: Author, of: str | None = None) -> str:
    """End a token, of the account `of` where it is named; answers whose it was. Raises NotFound, Conflict when it is over already."""
    wanted = select(UserAccount.name, ApiToken.label).join(ApiToken).where(ApiToken.id == token_id)
    found = tx.execute(wanted if of is None else wanted.where(UserAccount.name == of)).first()
    if found is None:
        raise NotFound(f"There is no token {token_id}.", code="token_unknown", next_step="Check the number in the list.")
    living = update(ApiToken).where(ApiToken.id == token_id, ApiToken.revoked_at.is_(None))
    if not tx.execute(living.values(revoked_at=func.now(), revoked_by=by.name).returning(ApiToken.id)).all():
        raise Conflict(f"Token {token_id} is revoked already.", code="token_revoked", next_step="Nothing is left to do.")
    note(tx, by, "revoke_token", f"account:{found.name}", {"token": token_id, "label": found.label})
    return str(found.name)
