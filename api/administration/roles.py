"""Which group may do what: every role with what it allows, and the groups that grant it."""

from flask import render_template
from sqlalchemy import func, select

from api.auth.model import UserAccount, UserGroup
from api.auth.roles import GROUPS, Role, meaning_of, roles_of
from api.product import product
from ui.product import needs


def show() -> str:
    """The roles and groups."""
    counted = select(UserGroup.group_name, func.count()).join(UserAccount).where(UserAccount.active).group_by(UserGroup.group_name)
    with product().database.transaction() as tx:
        members = {row[0]: row[1] for row in tx.execute(counted)}
    everyones = roles_of(())
    groups = [(group, sorted(roles_of([group]) - everyones), members.get(group, 0)) for group in sorted(GROUPS)]
    return render_template("roles.html", groups=groups, roles=[(role, meaning_of(role)) for role in Role], everyones=sorted(everyones))


ROUTES = (("/administration/roles", needs(Role.ADMINISTER)(show), ["GET"]),)
