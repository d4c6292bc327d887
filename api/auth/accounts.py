"""Accounts from the first to the last day: added, changed, deactivated, reactivated. None is ever removed: what it did has a name."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from api.auth import names, passwords
from api.auth.model import ApiToken, KnownBrowser, OneTimeLink, SignIn, UserAccount, UserGroup
from api.auth.roles import GROUPS, Role, roles_of
from engine.problems import Conflict, Invalid, NotFound
from engine.runtime.verbs.leaving import release_all
from engine.store import locks
from engine.store.locks import Lock
from handlers.changes import Author, Differences, note, version_of
from handlers.identifiers import line
from handlers.parties.model import Company

#: What may be changed of an account; its user name stays, for the log and the tasks name it.
CHANGEABLE = ("full_name", "title", "mail", "groups")
_LONGEST = {"full_name": 200, "title": 300, "mail": 254}
_MAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to be added. Without a password its owner chooses one by a link; a machine has tokens only."""

    name: str
    full_name: str
    groups: tuple[str, ...]
    title: str = ""
    password: str | None = None
    mail: str = ""
    machine: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """What ended with an account."""

    sessions: int
    tokens: int
    tasks: int


def add_account(tx: Session, new: NewAccount, by: Author | None = None) -> UserAccount:
    """Add an account. Raises Invalid by field, Conflict for a name that is taken.

    Without `by` the log is told nothing: a demo is loaded.
    """
    name = names.canonical(new.name)
    shown = _checked({field: getattr(new, field) for field in CHANGEABLE})
    password_hash = _first_hash(new, name, tx) if new.password is not None else None
    if tx.scalar(select(UserAccount.id).where(UserAccount.name_key == name)):
        raise Conflict(
            f"There is an account {name!r} already.",
            code="account_exists",
            next_step="Choose another name.",
            errors={"name": ["is taken"]},
        )
    groups = shown.pop("groups")
    account = UserAccount(name=name, name_key=name, password_hash=password_hash, machine=new.machine, **shown)
    tx.add(account)
    tx.flush()  # the groups below need its id
    tx.add_all(UserGroup(account_id=account.id, group_name=group) for group in groups)
    tx.flush()
    if by is not None:
        note(tx, by, "add", f"account:{name}", {**shown, "groups": groups, "machine": new.machine})
    return account


def _first_hash(new: NewAccount, name: str, tx: Session) -> str:
    password = new.password or ""
    if new.machine:
        raise Invalid("A machine has no password.", code="machine", next_step="Give it a token.", errors={"password": ["has none"]})
    passwords.check_strength(password, [name, new.full_name, company_name(tx)])
    return passwords.hashed(password)


def company_name(tx: Session) -> str:
    """Our company's name; empty before anybody said it."""
    return tx.scalar(select(Company.name)) or ""


def find_account(tx: Session, typed: str) -> UserAccount | None:
    """The account that is meant by a name, however it is typed; one that is called exactly so comes first."""
    wanted = select(UserAccount).where((UserAccount.name == typed) | (UserAccount.name_key == names.folded(typed)))
    return tx.scalars(wanted.order_by((UserAccount.name == typed).desc()).limit(1)).first() if "\0" not in typed else None


def account_named(tx: Session, name: str, *, lock: bool = False) -> UserAccount:
    """The account of a name, locked where it is to be changed. Raises NotFound."""
    account = find_account(tx, name)
    if account is None:
        raise NotFound(f"There is no account {name!r}.", code="account_unknown", next_step="Check the name in the list of accounts.")
    if lock:
        locks.take(tx, Lock.USER_ACCOUNT, [account.id])
        tx.refresh(account)
    return account


def groups_of(tx: Session, account_id: int) -> list[str]:
    """The groups of an account, by name."""
    return list(tx.scalars(select(UserGroup.group_name).where(UserGroup.account_id == account_id).order_by(UserGroup.group_name)))


def shown_of(tx: Session, account: UserAccount) -> dict[str, Any]:
    """What may be changed of an account, as it is."""
    return {**{name: getattr(account, name) for name in CHANGEABLE if name != "groups"}, "groups": groups_of(tx, account.id)}


def change_account(tx: Session, name: str, changes: Mapping[str, Any], by: Author) -> Differences:
    """Change some of CHANGEABLE and say what was different. Raises NotFound, Invalid by field, Conflict when somebody was faster."""
    _lock_with_administrators(tx, name)
    account = account_named(tx, name)
    before = shown_of(tx, account)
    if by.version is not None and by.version != version_of(before):
        raise Conflict(
            f"Somebody changed account {account.name} meanwhile.",
            code="version_lost",
            next_step="Load it again, and repeat what is still to be changed.",
        )
    after = _checked({**before, **{field: changes[field] for field in CHANGEABLE if field in changes}})
    different = {field: {"from": before[field], "to": value} for field, value in after.items() if before[field] != value}
    if not different:
        return {}
    _keep_an_administrator(tx, account, after["groups"])
    columns = {field: value for field, value in after.items() if field != "groups"}
    tx.execute(update(UserAccount).where(UserAccount.id == account.id).values(**columns))
    if "groups" in different:
        tx.execute(delete(UserGroup).where(UserGroup.account_id == account.id))
        tx.add_all(UserGroup(account_id=account.id, group_name=group) for group in after["groups"])
        tx.flush()
    note(tx, by, "change", f"account:{account.name}", different)
    return different


def deactivate(tx: Session, name: str, by: Author) -> Left:
    """Let nobody come in by an account any more: its sessions, links and tokens end, its open tasks go back to their candidates.

    Raises NotFound, Conflict when it is inactive already, the asker's own, or the last administrator's.
    """
    _lock_with_administrators(tx, name)
    account = account_named(tx, name)
    if not account.active:
        raise Conflict(f"{account.name} is inactive already.", code="account_inactive", next_step="Nothing is left to do.")
    if account.name == by.name:
        raise Conflict("Nobody deactivates their own account.", code="own_account", next_step="Ask another administrator.")
    _keep_an_administrator(tx, account, ())
    tx.execute(update(UserAccount).where(UserAccount.id == account.id).values(active=False))
    left = Left(
        sessions=len(tx.execute(delete(SignIn).where(SignIn.account_id == account.id).returning(SignIn.id)).all()),
        tokens=_revoke_all(tx, account.id, by.name),
        tasks=len(release_all(tx, [account.name])),
    )
    tx.execute(delete(OneTimeLink).where(OneTimeLink.account_id == account.id))
    tx.execute(delete(KnownBrowser).where(KnownBrowser.account_id == account.id))
    note(tx, by, "deactivate", f"account:{account.name}", {"sessions": left.sessions, "tokens": left.tokens, "tasks": left.tasks})
    return left


def reactivate(tx: Session, name: str, by: Author) -> None:
    """Let an account come in again, with the password and groups it had; its tokens stay revoked. Raises NotFound, Conflict."""
    account = account_named(tx, name, lock=True)
    if account.active:
        raise Conflict(f"{account.name} is active.", code="account_active", next_step="Nothing is left to do.")
    tx.execute(update(UserAccount).where(UserAccount.id == account.id).values(active=True))
    note(tx, by, "reactivate", f"account:{account.name}", {"groups": groups_of(tx, account.id)})


def release_tasks_of_the_departed(tx: Session) -> None:
    """Housekeeping: a task that was claimed at the very moment in which its holder's account was deactivated goes back as well."""
    release_all(tx, tx.scalars(_DEPARTED_WITH_TASKS).all())


def has_administrator(tx: Session) -> bool:
    """Whether anybody may keep accounts."""
    return bool(_administrators(tx))


def _administrators(tx: Session) -> list[int]:
    """The active people who may keep accounts."""
    granting = [group for group in GROUPS if Role.ADMINISTER in roles_of([group])]
    wanted = select(UserAccount.id).where(UserAccount.active, ~UserAccount.machine)
    return list(tx.scalars(wanted.where(UserAccount.id.in_(select(UserGroup.account_id).where(UserGroup.group_name.in_(granting))))))


def _lock_with_administrators(tx: Session, name: str) -> None:
    """Two administrators who deactivate each other at once must not both succeed."""
    account = account_named(tx, name)
    locks.take(tx, Lock.USER_ACCOUNT, [account.id, *_administrators(tx)])
    tx.refresh(account)


def _keep_an_administrator(tx: Session, account: UserAccount, groups: Collection[str]) -> None:
    """Refuse what would leave nobody to keep accounts, when an account has only these groups from now on."""
    if Role.ADMINISTER not in roles_of(groups) and _administrators(tx) == [account.id]:
        raise Conflict(
            "Nobody would be left who may keep accounts.",
            code="last_administrator",
            next_step="Let another account join the group admin first.",
            errors={"groups": ["would leave no administrator"]},
        )


def _revoke_all(tx: Session, account_id: int, by: str) -> int:
    living = update(ApiToken).where(ApiToken.account_id == account_id, ApiToken.revoked_at.is_(None), ApiToken.expires_at > func.now())
    return len(tx.execute(living.values(revoked_at=func.now(), revoked_by=by).returning(ApiToken.id)).all())


def _checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields as they are kept. Raises Invalid with every wrong one."""
    kept: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for name, longest in _LONGEST.items():
        try:
            kept[name] = line(given[name].strip(), name)
        except Invalid as problem:
            errors |= problem.errors
            continue
        if len(kept[name]) > longest:
            errors[name] = [f"has at most {longest} characters"]
    if not given["full_name"].strip():
        errors["full_name"] = ["is missing"]
    if kept.get("mail") and not _MAIL.fullmatch(kept["mail"]):
        errors.setdefault("mail", ["is no mail address, such as anna@example.com"])
    unknown = _unknown(given["groups"])
    if unknown:
        errors["groups"] = [f"are unknown: {', '.join(unknown)}"]
    if errors:
        raise Invalid(
            f"Unknown groups: {', '.join(unknown)}." if unknown else "Some fields of the account are not right.",
            code="group_unknown" if unknown else "account_invalid",
            next_step=f"Choose of {', '.join(sorted(GROUPS))}." if unknown else "Correct the fields named.",
            errors=errors,
        )
    return {**kept, "groups": sorted(set(given["groups"]))}


def _unknown(groups: Iterable[str]) -> Collection[str]:
    return sorted(set(groups) - GROUPS)


_DEPARTED_WITH_TASKS = text("""
  SELECT DISTINCT a.name FROM user_account a JOIN user_task t ON t.assignee = a.name AND t.state = 'open' WHERE NOT a.active
""")
