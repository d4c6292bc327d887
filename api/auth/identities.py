"""Who a provider of OpenID Connect says somebody is: linked to an account by issuer and subject, its groups mapped by a table.

The provider owns the groups that the table names: they are given and taken at each sign-in. Others stay as administrators gave them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from api.auth import names
from api.auth.accounts import NewAccount, add_account, change_account, find_account, groups_of
from api.auth.hashes import hash_of
from api.auth.model import ExternalIdentity, GroupClaim, SignOnAttempt, UserAccount
from api.auth.roles import GROUPS
from engine.problems import Conflict, Forbidden, Invalid, NotFound
from engine.store import locks
from engine.store.locks import Lock
from handlers.changes import Author, note
from handlers.identifiers import line

#: How long somebody may take at the provider.
_LASTS = timedelta(minutes=10)
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Identity:
    """What the provider says, once it was verified."""

    issuer: str
    subject: str
    user_name: str
    full_name: str
    mail: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attempted:
    """Where somebody wanted to go, and the account that is to be linked where they were signed in already."""

    next: str
    links_account_id: int | None


def begin_attempt(tx: Session, state: str, browser: str, data: Mapping[str, Any], attempted: Attempted) -> None:
    """Remember what the provider's answer must hold. `browser` is the secret of the cookie of the browser it must come back in."""
    row = {"data": dict(data), "next": attempted.next, "links_account_id": attempted.links_account_id}
    tx.add(SignOnAttempt(state_hash=hash_of(state), browser_hash=hash_of(browser), expires_at=func.now() + _LASTS, **row))


def end_attempt(tx: Session, state: str, browser: str) -> tuple[dict[str, Any], Attempted] | None:
    """What an answer must hold, once; None for one that nobody asked for, that comes late, or in another browser."""
    own = delete(SignOnAttempt).where(SignOnAttempt.state_hash == hash_of(state), SignOnAttempt.browser_hash == hash_of(browser))
    ended = own.where(SignOnAttempt.expires_at > func.now())
    row = tx.execute(ended.returning(SignOnAttempt.data, SignOnAttempt.next, SignOnAttempt.links_account_id)).first()
    return (row[0], Attempted(row[1], row[2])) if row else None


def account_of(tx: Session, identity: Identity) -> UserAccount:
    """The account of an identity, its groups brought up to date; a new one for whom a group is mapped.

    Raises Forbidden for an inactive account and for who has no mapped group, Conflict when the user name is another's.
    """
    account_id = _linked(tx, identity)
    mapped = _mapped(tx, identity.groups)
    if account_id is None:
        return _add(tx, identity, mapped)
    account = tx.get_one(UserAccount, account_id)
    kept = set(groups_of(tx, account_id)) - set(tx.scalars(select(GroupClaim.group_name)))
    change_account(tx, account.name, {"groups": sorted(kept | mapped)}, Author(account.name, f"as {identity.issuer} says"))
    if not account.active:  # read under the lock that the change has taken
        raise Forbidden(f"{account.name} is inactive.", code="account_inactive", next_step="Ask an administrator to activate it.")
    return account


def link(tx: Session, account_id: int, identity: Identity) -> None:
    """Let an identity sign in as an account. Raises Conflict when it is another account's."""
    locks.take(tx, Lock.USER_ACCOUNT, [account_id])
    linked = _linked(tx, identity)
    if linked not in {None, account_id}:
        raise Conflict("That identity is linked with another account.", code="identity_linked", next_step="Ask an administrator.")
    if linked is None:
        _link(tx, account_id, identity)


def unlink(tx: Session, account: UserAccount, by: Author) -> None:
    """Let nobody sign in as an account by way of the provider. Raises Conflict where nothing is linked."""
    gone = delete(ExternalIdentity).where(ExternalIdentity.account_id == account.id).returning(ExternalIdentity.issuer)
    issuers = list(tx.scalars(gone))
    if not issuers:
        raise Conflict(f"No identity is linked with {account.name}.", code="identity_none", next_step="Nothing is left to do.")
    note(tx, by, "unlink_identity", f"account:{account.name}", {"issuers": sorted(issuers)})


def issuers_of(tx: Session, account_id: int) -> list[str]:
    """By which providers somebody signs in as an account."""
    return list(
        tx.scalars(select(ExternalIdentity.issuer).where(ExternalIdentity.account_id == account_id).order_by(ExternalIdentity.issuer))
    )


def list_claims(tx: Session) -> Sequence[GroupClaim]:
    """Which groups of the provider are which of ours."""
    return tx.scalars(select(GroupClaim).order_by(GroupClaim.claim, GroupClaim.group_name)).all()


def map_claim(tx: Session, claim: str, group: str, by: Author) -> None:
    """Let the members of a group of the provider be in one of ours. Raises Invalid by field, Conflict when they are already."""
    kept = line(claim.strip(), "claim")
    errors = {}
    if not kept or len(kept) > _LONGEST:
        errors["claim"] = [f"has 1 to {_LONGEST} characters"]
    if group not in GROUPS:
        errors["group"] = [f"is none of {', '.join(sorted(GROUPS))}"]
    if errors:
        raise Invalid("The group cannot be mapped.", code="claim_invalid", next_step="Correct the fields named.", errors=errors)
    added = insert(GroupClaim).values(claim=kept, group_name=group).on_conflict_do_nothing().returning(GroupClaim.claim)
    if not tx.scalar(added):
        raise Conflict(f"{kept} is {group} already.", code="claim_mapped", next_step="Nothing is left to do.")
    note(tx, by, "map_group", f"group:{group}", {"claim": kept})


def unmap_claim(tx: Session, claim: str, group: str, by: Author) -> None:
    """Undo a mapping; who is in the group by it stays until an administrator takes them out. Raises NotFound."""
    gone = delete(GroupClaim).where(GroupClaim.claim == claim, GroupClaim.group_name == group)
    if not tx.scalar(gone.returning(GroupClaim.claim)):
        raise NotFound(f"{claim} is not mapped to {group}.", code="claim_unknown", next_step="Load the list again.")
    note(tx, by, "unmap_group", f"group:{group}", {"claim": claim})


def _linked(tx: Session, identity: Identity) -> int | None:
    wanted = select(ExternalIdentity.account_id).where(ExternalIdentity.issuer == identity.issuer)
    return tx.scalar(wanted.where(ExternalIdentity.subject == identity.subject))


def _mapped(tx: Session, claims: Collection[str]) -> set[str]:
    return set(tx.scalars(select(GroupClaim.group_name).where(GroupClaim.claim.in_(claims))))


def _add(tx: Session, identity: Identity, mapped: set[str]) -> UserAccount:
    if not mapped:
        raise Forbidden(
            "You are known, but none of your groups may come in here.",
            code="no_group",
            next_step="Ask an administrator to map one of your groups, or to add an account that you link on its profile page.",
        )
    name = names.canonical(identity.user_name)
    if find_account(tx, name) is not None:
        raise Conflict(
            f"There is an account {name} that is not linked with you.",
            code="account_exists",
            next_step="Sign in with its password and link it on your profile page, or ask an administrator.",
        )
    new = NewAccount(name, identity.full_name or name, tuple(mapped), mail=identity.mail)
    account = add_account(tx, new, Author(name, f"as {identity.issuer} says"))
    _link(tx, account.id, identity)
    return account


def _link(tx: Session, account_id: int, identity: Identity) -> None:
    added = insert(ExternalIdentity).values(issuer=identity.issuer, subject=identity.subject, account_id=account_id)
    if not tx.scalar(added.on_conflict_do_nothing().returning(ExternalIdentity.account_id)):
        raise Conflict("Somebody else was faster.", code="identity_linked", next_step="Try again.")
    name = tx.scalars(select(UserAccount.name).where(UserAccount.id == account_id)).one()
    note(tx, Author(name), "link_identity", f"account:{name}", {"issuer": identity.issuer, "subject": identity.subject})
