"""For whom a person stands in at the moment: read with every sign-in, so that it begins and ends by itself."""

from dataclasses import replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from api.auth.model import UserAccount, UserGroup
from engine.runtime.state.people import Person, StandIn
from engine.store.tables import substitution


def with_stand_ins(tx: Session, person: Person) -> Person:
    """The person, with those they stand in for now. One statement; nobody stands in for, or as, an account that is closed."""
    mine, theirs = aliased(UserAccount), aliased(UserAccount)
    groups = func.array_remove(func.array_agg(UserGroup.group_name.distinct()), None)
    now = func.business_now()
    rows = tx.execute(
        select(substitution.c.person, substitution.c.process_keys, groups)
        .join(theirs, theirs.name == substitution.c.person)
        .join(mine, mine.name == substitution.c.deputy)
        .outerjoin(UserGroup, UserGroup.account_id == theirs.id)
        .where(substitution.c.deputy == person.name, substitution.c.begins_at <= now, substitution.c.ends_at > now)
        .where(mine.active, theirs.active)
        .group_by(substitution.c.id)
        .order_by(substitution.c.id)
    ).all()
    found = tuple(StandIn(name, frozenset(groups), frozenset(keys)) for name, keys, groups in rows)
    return replace(person, stands_in_for=found) if found else person
