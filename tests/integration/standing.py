"""Instances that only stand there, for tests of what is asked about them: no diagram is deployed, nothing runs."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.store import json_text


def standing_instance(tx: Session, process_key: str, business_key: str | None = None, state: str = "waiting") -> UUID:
    """An instance of a process that was never deployed."""
    return UUID(str(tx.execute(_INSTANCE, {"process": process_key, "key": business_key, "state": state}).scalar_one()))


def standing_wait(tx: Session, instance_id: UUID, name: str, *, kind: str = "message", **correlation: str) -> None:
    """It waits for a message or signal."""
    given = {"instance": instance_id, "kind": kind, "name": name, "correlation": json_text.encode(correlation).decode()}
    tx.execute(_SUBSCRIPTION, given)


def standing_task(tx: Session, instance_id: UUID, element_id: str = "decide", groups: Sequence[str] = (), **columns: Any) -> None:
    """Somebody has, had or lost a task of it: `state`, `completed_by`, `outcome`, and when it was made, in seconds after the start."""
    values = {"state": "open", "completed_by": None, "outcome": None, "second": 0} | columns
    outcome = None if values["outcome"] is None else json_text.encode(values["outcome"]).decode()
    tx.execute(_TASK, {"id": uuid4(), "instance": instance_id, "element": element_id, "groups": list(groups), **values, "outcome": outcome})


_INSTANCE = text("""
WITH bundle AS (
  INSERT INTO deployment (name, version, sha256, deployed_by) VALUES (gen_random_uuid()::text, 1, '', 'ada') RETURNING id
), process AS (
  INSERT INTO process_version (deployment_id, process_key, version, name, path)
  SELECT id, :process, id, :process, 'x.bpmn' FROM bundle RETURNING id
)
INSERT INTO instance (id, process_version_id, process_key, business_key, state)
SELECT gen_random_uuid(), id, :process, :key, :state FROM process RETURNING id
""")
_SUBSCRIPTION = text("""
INSERT INTO subscription (id, instance_id, element_id, kind, name, correlation)
VALUES (gen_random_uuid(), :instance, 'wait', :kind, :name, CAST(:correlation AS jsonb))
""")
_TASK = text("""
INSERT INTO user_task (id, instance_id, element_id, name, title, state, candidate_groups, created_at, completed_at, completed_by, outcome)
VALUES (:id, :instance, :element, 'Decide', 'Decide', :state, :groups, now() + make_interval(secs => :second),
  CASE WHEN :state = 'open' THEN NULL ELSE now() + make_interval(secs => :second) END, :completed_by, CAST(:outcome AS jsonb))
""")
