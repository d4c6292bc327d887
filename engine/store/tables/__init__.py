"""The engine's tables.

`models` (what was deployed), `drafts` (what analysts work on), `instances` (what runs), `waits` (what it waits for),
`records` (what happened), `comments` (what people say beside it), `views` (lists as somebody wants them again), `calendars` (when is
worked), `substitutions` (who stands in for whom), `decision_limits` (who decides up to which amount), `process_settings` (what operators
set for a process), `batches` (what operators do to many) and `pending_changes` (what waits for a second person).

Times are `timestamptz` in UTC from the database's clock. Ids of instances and tasks are UUIDs made by the engine, so that a whole
advance can be worked out before its first statement.
"""

from engine.store.tables.batches import batch, batch_item
from engine.store.tables.calendars import business_calendar, calendar_day
from engine.store.tables.comments import comment, comment_attachment, comment_mention
from engine.store.tables.decision_limits import decision_limit
from engine.store.tables.drafts import draft, draft_file, draft_revision, element_comment
from engine.store.tables.identity_links import identity_link
from engine.store.tables.instances import InstanceState, inbox, instance
from engine.store.tables.models import deployment, deployment_file, process_version, schedule, start_event
from engine.store.tables.operate import suspension, worker
from engine.store.tables.pending_changes import pending_change
from engine.store.tables.process_settings import process_setting
from engine.store.tables.records import audit, effect, history, incident, message
from engine.store.tables.substitutions import substitution
from engine.store.tables.views import group_routing, saved_view
from engine.store.tables.waits import duty_hand, external_task, held_decision, service_task_load, subscription, timer, user_task, work

__all__ = [
    "InstanceState",
    "audit",
    "batch",
    "batch_item",
    "business_calendar",
    "calendar_day",
    "comment",
    "comment_attachment",
    "comment_mention",
    "decision_limit",
    "deployment",
    "deployment_file",
    "draft",
    "draft_file",
    "draft_revision",
    "duty_hand",
    "effect",
    "element_comment",
    "external_task",
    "group_routing",
    "held_decision",
    "history",
    "identity_link",
    "inbox",
    "incident",
    "instance",
    "message",
    "pending_change",
    "process_setting",
    "process_version",
    "saved_view",
    "schedule",
    "service_task_load",
    "start_event",
    "subscription",
    "substitution",
    "suspension",
    "timer",
    "user_task",
    "work",
    "worker",
]
