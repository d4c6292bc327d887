"""What takes a second person among webhooks: whom we believe when they make, change or cancel orders, or speak to processes."""

from typing import Any

from sqlalchemy.orm import Session

from engine.runtime.state.guarded_acts import GuardedAct, Wanting, Weighed
from engine.runtime.state.runtime import Runtime
from handlers.changes import Author
from handlers.webhooks.sources import SourceDraft, check, keep, known

_RULE = "Whoever has its secret makes orders and speaks to processes in our house."


def _weigh(_runtime: Runtime, tx: Session, given: SourceDraft, _by: Wanting) -> Weighed:
    after = check(tx, given)
    before = known(tx, after["name"]) or {}
    effect = {name: {"from": before.get(name), "to": value} for name, value in after.items() if before.get(name) != value}
    does = f"Believe webhooks of {after['name']}: {', '.join(after['kinds'])}"
    return Weighed(f"webhook_source:{after['name']}", does, effect, before, _RULE)


def _keep(_runtime: Runtime, tx: Session, given: SourceDraft, by: Wanting) -> Any:
    return keep(tx, given, Author(by.name, by.reason))


ACTS = (GuardedAct("webhook.source", "Source of webhooks", SourceDraft, ("operator", "finance"), _weigh, _keep),)
