"""Tells the runtime which groups and people there are."""

from collections.abc import Collection, Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from api.auth.model import UserAccount, UserGroup
from api.auth.roles import GROUPS


class AccountDirectory:
    """The groups of the house and whoever has an account that is not closed."""

    def known(self, tx: Session, groups: Collection[str], users: Collection[str]) -> frozenset[str]:
        """Those of the names that are a group, or an active person."""
        found = {group for group in groups if group in GROUPS}
        if others := set(groups) - found:
            found |= set(tx.scalars(select(UserGroup.group_name).where(UserGroup.group_name.in_(others))))
        if users:
            found |= set(tx.scalars(select(UserAccount.name).where(UserAccount.name.in_(users), UserAccount.active)))
        return frozenset(found)

    def groups_of(self, tx: Session, name: str) -> frozenset[str]:
        """The groups of an active person."""
        mine = select(UserGroup.group_name).join(UserAccount).where(UserAccount.name == name, UserAccount.active)
        return frozenset(tx.scalars(mine))

    def people(self, tx: Session, groups: Collection[str], users: Collection[str]) -> Sequence[str]:
        """The active people who are in one of the groups or named, by name; everybody where neither is given."""
        statement = select(UserAccount.name).where(UserAccount.active)
        if groups or users:
            members = select(UserGroup.account_id).where(UserGroup.group_name.in_(groups))
            statement = statement.where(or_(UserAccount.id.in_(members), UserAccount.name.in_(users)))
        return tx.scalars(statement.order_by(UserAccount.name)).all()
