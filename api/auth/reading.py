"""Accounts as administrators see them: the list and one account."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.auth import pauses, second_factor
from api.auth.accounts import account_named, shown_of
from api.auth.identities import issuers_of
from api.auth.model import UserAccount, UserGroup
from api.auth.roles import GROUPS, roles_of
from engine.problems import refuse_unknown
from engine.store.paging import Asked, Key, Page, read_page
from handlers.changes import version_of


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account in a list."""

    name: str
    full_name: str
    title: str
    mail: str
    groups: list[str]
    machine: bool
    active: bool
    last_sign_in_at: datetime | None


@dataclass(frozen=True, slots=True)
class AccountFilter:
    """Which accounts: `search` finds them by name or mail, `group` those who are in it, `state` is active, inactive or empty for both."""

    search: str = ""
    group: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class AccountDetail:
    """One account. `version` is sent back with a change; `paused` is whether signing in is paused after wrong passwords."""

    name: str
    full_name: str
    title: str
    mail: str
    groups: list[str]
    roles: list[str]
    machine: bool
    active: bool
    has_password: bool
    second_factor: bool
    company_accounts: list[str]
    password_changed_at: datetime | None
    paused: bool
    created_at: datetime
    last_sign_in_at: datetime | None
    version: str


def list_accounts(tx: Session, wanted: AccountFilter, asked: Asked, *, count: bool = False) -> Page[AccountRow]:
    """The accounts, by name."""
    of_account = select(UserGroup.group_name).where(UserGroup.account_id == UserAccount.id)
    groups = func.array(of_account.order_by(UserGroup.group_name).scalar_subquery())
    shown: list[Any] = [getattr(UserAccount, name) for name in AccountRow.__dataclass_fields__ if name != "groups"]
    statement = select(*shown, groups.label("groups"))
    if wanted.search:
        columns = (UserAccount.name_key, UserAccount.name, UserAccount.full_name, UserAccount.mail)
        first, *others = [column.icontains(wanted.search, autoescape=True) for column in columns]
        for other in others:
            first |= other
        statement = statement.where(first)
    if wanted.group:
        refuse_unknown(wanted.group, GROUPS, "group", "group")
        statement = statement.where(UserAccount.id.in_(select(UserGroup.account_id).where(UserGroup.group_name == wanted.group)))
    if wanted.state:
        statement = statement.where(UserAccount.active == (wanted.state == "active"))
    return read_page(tx, statement, (Key(UserAccount.name_key),), asked, count=count).typed(AccountRow)


def read_account(tx: Session, name: str) -> AccountDetail:
    """One account. Raises NotFound."""
    account = account_named(tx, name)
    shown = shown_of(tx, account)
    return AccountDetail(
        name=account.name,
        **shown,
        roles=sorted(map(str, roles_of(shown["groups"]))),
        machine=account.machine,
        active=account.active,
        has_password=account.password_hash is not None,
        second_factor=second_factor.state_of(tx, account.id).asked_for,
        company_accounts=issuers_of(tx, account.id),
        password_changed_at=account.password_changed_at,
        paused=pauses.paused(tx, account.name),
        created_at=account.created_at,
        last_sign_in_at=account.last_sign_in_at,
        version=version_of(shown),
    )
