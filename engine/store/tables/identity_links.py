"""Whom a user task concerns: a row for each of its candidates, its holder, its owner, and one for those who oversee everything.

A worklist is then a range of an index for each name under which somebody is linked, however many tasks others have. The rows are
derived from `user_task` by the view `task_concerns`; triggers keep them, whoever writes tasks.
"""

from sqlalchemy import DDL, Boolean, Column, Connection, ForeignKey, Index, Integer, Table, Text, event, text
from sqlalchemy.dialects.postgresql import UUID

from engine.store.base import metadata
from engine.store.columns import moment
from engine.store.tables.waits import user_task

_OPEN = text("open")
identity_link = Table(
    "identity_link",
    metadata,
    Column("task_id", UUID, ForeignKey(user_task.c.id, ondelete="CASCADE"), primary_key=True),
    Column("who", Text, primary_key=True),  # user:NAME, group:NAME, anybody, overseer
    Column("kind", Text, primary_key=True),  # candidate, assignee, owner, overseer
    Column("open", Boolean, nullable=False),
    Column("free", Boolean, nullable=False),  # nobody has it
    Column("guarded", Boolean, nullable=False),  # there may be candidates who may not decide it: only the task knows whom
    # What lists of tasks are sorted by, none of it empty: the longest of all times stands for no time, haste is priority backwards.
    Column("process_key", Text, nullable=False),
    moment("due_at", nullable=False),
    Column("haste", Integer, nullable=False),
    moment("follow_up_at", nullable=False),
    moment("created_at", nullable=False),
    Index(
        "identity_link_due_ix",
        "who",
        "due_at",
        "haste",
        "created_at",
        "task_id",
        postgresql_include=["kind", "free", "guarded"],
        postgresql_where=_OPEN,
    ),
    Index("identity_link_haste_ix", "who", "haste", "due_at", "created_at", "task_id", postgresql_where=_OPEN),
    Index("identity_link_follow_up_ix", "who", "follow_up_at", "due_at", "task_id", postgresql_where=_OPEN),
    Index("identity_link_created_ix", "who", "created_at", "task_id", postgresql_where=_OPEN),
    Index("identity_link_process_ix", "who", "process_key", "due_at", "haste", "created_at", "task_id", postgresql_where=_OPEN),
)

_TRIGRAMS = """
CREATE OR REPLACE FUNCTION trigrams(said text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
SELECT coalesce(array_agg(DISTINCT substr(lower(said), place, 3)), '{}') FROM generate_series(1, length(said) - 2) AS place
$$
"""
_CONCERNS = """
CREATE OR REPLACE VIEW task_concerns AS
SELECT task.id AS task_id, link.who, link.kind, task.state = 'open' AS open, task.assignee IS NULL AS free,
       task.excluded_users <> '{}' OR task.decides_on <> '' OR task.decision_kind <> '' AS guarded, task.process_key,
       coalesce(task.due_at, timestamptz '9999-01-01 00:00:00+00') AS due_at, -task.priority AS haste,
       coalesce(task.follow_up_at, timestamptz '9999-01-01 00:00:00+00') AS follow_up_at, task.created_at
FROM user_task AS task
CROSS JOIN LATERAL (
  SELECT 'group:' || name AS who, 'candidate' AS kind FROM unnest(task.candidate_groups) AS name
  UNION SELECT 'user:' || name, 'candidate' FROM unnest(task.candidate_users) AS name
  UNION SELECT 'anybody', 'candidate' WHERE task.candidate_groups = '{}' AND task.candidate_users = '{}'
  UNION SELECT 'user:' || task.assignee, 'assignee' WHERE task.assignee IS NOT NULL
  UNION SELECT 'user:' || task.owner, 'owner' WHERE task.owner IS NOT NULL
  UNION SELECT 'overseer', 'overseer'
) AS link
"""
_LINK_ADDED = """
CREATE OR REPLACE FUNCTION link_added_tasks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO identity_link SELECT * FROM task_concerns WHERE task_id IN (SELECT id FROM added);
  RETURN NULL;
END $$
"""
_LINK_CHANGED = """
CREATE OR REPLACE FUNCTION link_changed_task() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM identity_link WHERE task_id = NEW.id;
  INSERT INTO identity_link SELECT * FROM task_concerns WHERE task_id = NEW.id;
  RETURN NULL;
END $$
"""
_ON_ADDED = (
    "CREATE TRIGGER user_task_is_linked AFTER INSERT ON user_task REFERENCING NEW TABLE AS added "
    "FOR EACH STATEMENT EXECUTE FUNCTION link_added_tasks()"
)
_ON_CHANGED = (
    "CREATE TRIGGER user_task_is_linked_anew AFTER UPDATE OF state, assignee, owner, candidate_groups, candidate_users, excluded_users, "
    "decides_on, priority, due_at, follow_up_at ON user_task FOR EACH ROW EXECUTE FUNCTION link_changed_task()"
)


@event.listens_for(metadata, "before_create")
def _create_trigrams(_metadata: object, connection: Connection, **_options: object) -> None:
    """Before every table: an index calls it."""
    connection.execute(text(_TRIGRAMS))


for _statement in (_CONCERNS, _LINK_ADDED, _LINK_CHANGED, _ON_ADDED, _ON_CHANGED):
    event.listen(identity_link, "after_create", DDL(_statement))  # type: ignore[no-untyped-call]  # SQLAlchemy leaves DDL untyped
