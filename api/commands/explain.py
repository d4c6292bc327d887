"""`ordercraft explain`."""

from collections.abc import Iterable
from contextlib import suppress
from uuid import UUID

import click
from sqlalchemy import or_, select, text
from sqlalchemy.orm import Session

from api.bootstrap import open_database
from api.settings import Settings
from engine.problems import NotFound
from engine.runtime.read.explain import explain
from engine.runtime.read.lists import BEGUN
from engine.store import json_text
from engine.store.tables import instance, process_version
from handlers.open_things import OpenThing, of_order, under_key
from handlers.open_things import told as said_of
from handlers.orders.views import tell

_ORDERS = text("""
  SELECT order_no FROM sales_order WHERE order_no = :what OR customer_po = :what
  UNION SELECT o.order_no FROM instance quote JOIN instance i ON i.started_by_instance_id = quote.id
        JOIN sales_order o ON o.order_no = i.business_key WHERE quote.business_key = :what
  ORDER BY order_no
""")


@click.command("explain")
@click.argument("what")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def command(what: str, *, as_json: bool) -> None:
    """Say why instances are where they are, what is still open, and what would move it.

    WHAT is an instance's id or business key; the number of an order or quote, or a customer's purchase order, means all instances of it.
    """
    with open_database(Settings.from_environment()).transaction() as tx:
        for process_name, business_key, instance_id in _instances(tx, _ids(tx, what)):
            told = explain(tx, instance_id)
            if as_json:
                click.echo(json_text.encode(told).decode())
            else:
                click.echo(f"{process_name}  {business_key or ''}  {instance_id}\n  {told.sentence}\n  {told.next_step}")
                for cause in told.causes:
                    click.echo(f"  Below it: {cause.process_name} {cause.business_key or cause.instance_id} has failed: {cause.message}")
        for thing in _open_things(tx, what):
            if as_json:
                click.echo(json_text.encode(thing).decode())
            else:
                click.echo(f"Open: {thing.kind} {thing.number}{f', {thing.detail}' if thing.detail else ''}\n  {said_of(thing)}")


def _open_things(tx: Session, what: str) -> list[OpenThing]:
    """What of the business is still open, whether or not an instance is at it."""
    orders = tx.scalars(_ORDERS, {"what": what}).all()
    return [thing for order_no in orders for thing in of_order(tx, order_no)] if orders else under_key(tx, what)


def _ids(tx: Session, what: str) -> set[UUID]:
    """The instances that are meant. Raises NotFound."""
    named = [instance.c.business_key == what]
    with suppress(ValueError):
        named.append(instance.c.id == UUID(what))
    ids = set(tx.scalars(select(instance.c.id).where(or_(*named))))
    for order_no in tx.scalars(_ORDERS, {"what": what}).all():
        ids |= {row.id for row in tell(tx, order_no).instances}
    if not ids:
        raise NotFound(
            f"No instance has the id or business key {what!r}, nor is it an order, a quote or a customer's purchase order.",
            code="instance_unknown",
            next_step="List them at /operations/instances.",
        )
    return ids


def _instances(tx: Session, ids: Iterable[UUID]) -> Iterable[tuple[str, str | None, UUID]]:
    """Process name, business key and id, the first begun first."""
    joined = instance.join(process_version, process_version.c.id == instance.c.process_version_id)
    rows = select(process_version.c.name, instance.c.business_key, instance.c.id).select_from(joined)
    return [(row[0], row[1], row[2]) for row in tx.execute(rows.where(instance.c.id.in_(ids)).order_by(*BEGUN))]
