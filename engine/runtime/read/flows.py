"""Which flows of a diagram an instance has gone along, and which diagrams it calls."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.mining.graph import Graph, read_graph
from engine.models.diagram import build_diagram
from engine.models.reader import read_diagram
from engine.store.paging import AnyRow


@dataclass(frozen=True, slots=True)
class CalledDiagram:
    """A diagram that a call activity of another one calls; `calls` are those call activities."""

    path: str
    name: str
    calls: Sequence[str]


def list_flows(tx: Session, instance_id: UUID, path: str, model: bytes) -> list[str]:
    """The flows that were gone along, by id.

    A gateway that chose notes which; behind any other step each flow counts that leads to where the instance has been or stands.
    One statement.
    """
    rows = tx.execute(_REACHED, {"id": instance_id}).all()
    graph = read_graph({path: model})
    been = {row.element_id for row in rows}
    chosen = {flow for row in rows for flow in row.flows or ()}
    passed = {row.element_id for row in rows if row.passed}
    return sorted({flow for element_id in passed for flow in _out_of(graph, element_id, been, chosen)})


def _out_of(graph: Graph, element_id: str, been: set[str], chosen: set[str]) -> Iterator[str]:
    place = graph.get(element_id)
    if place is None:
        return
    flows = [edge.id for edge in place.outgoing if edge.id in chosen]
    yield from flows or (edge.id for edge in place.outgoing if edge.target in been)


def called_diagrams(tx: Session, shown: AnyRow, model: bytes) -> list[CalledDiagram]:
    """The diagrams of the same version that call activities of this one call. At most one statement."""
    root = read_diagram(shown.path, model).root
    nodes = [] if root is None else list(build_diagram(shown.path, root).nodes)
    calls: dict[str, list[str]] = {}
    for node in nodes:
        if node.tag == "callActivity":
            calls.setdefault(node.element.get("calledElement", "").rsplit(":", 1)[-1], []).append(node.id)
    if not calls:
        return []
    rows = tx.execute(_CALLED, {"deployment_id": shown.deployment_id, "keys": list(calls)})
    return [CalledDiagram(row.path, row.name, calls[row.process_key]) for row in rows if row.path != shown.path]


_REACHED = text("""
SELECT element_id, bool_or(passed) AS passed, array_remove(array_agg(DISTINCT flow), NULL) AS flows FROM (
  SELECT h.element_id, h.outcome IN ('completed', 'skipped') AS passed, flow.id AS flow FROM history AS h
  LEFT JOIN LATERAL jsonb_array_elements_text(
    CASE jsonb_typeof(h.detail->'flows') WHEN 'array' THEN h.detail->'flows' END) AS flow(id) ON true
  WHERE h.instance_id = :id AND h.outcome IN ('completed', 'skipped', 'failed', 'refused', 'cancelled')
  UNION ALL SELECT element_id, false, NULL FROM user_task WHERE instance_id = :id AND state = 'open'
  UNION ALL SELECT element_id, false, NULL FROM timer WHERE instance_id = :id AND NOT fired
  UNION ALL SELECT element_id, false, NULL FROM subscription WHERE instance_id = :id
  UNION ALL SELECT element_id, false, NULL FROM work WHERE instance_id = :id
  UNION ALL SELECT element_id, false, NULL FROM incident WHERE instance_id = :id AND state = 'open'
) AS reached WHERE element_id IS NOT NULL GROUP BY element_id
""")
_CALLED = text("""
SELECT process_key, path, name FROM process_version WHERE deployment_id = :deployment_id AND process_key = ANY(:keys) ORDER BY name
""")
