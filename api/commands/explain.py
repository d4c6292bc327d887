"""`ordercraft explain`."""

from contextlib import suppress
from uuid import UUID

import click
from sqlalchemy import or_, select

from api.bootstrap import open_database
from api.settings import Settings
from engine.runtime.explain import explain
from engine.store import json_text
from engine.store.tables import instance


@click.command("explain")
@click.argument("what")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def command(what: str, *, as_json: bool) -> None:
    """Say why an instance is where it is. WHAT is an instance's id or a business key, such as an order number."""
    database = open_database(Settings.from_environment())
    with database.transaction() as tx:
        matches = [instance.c.business_key == what]
        with suppress(ValueError):
            matches.append(instance.c.id == UUID(what))
        ids = tx.scalars(select(instance.c.id).where(or_(*matches)).order_by(instance.c.started_at)).all()
        if not ids:
            raise click.ClickException(f"No instance has the id or business key {what!r}. List them at /operations/instances.")
        for instance_id in ids:
            explanation = explain(tx, instance_id)
            click.echo(json_text.encode(explanation).decode() if as_json else f"{instance_id}  {explanation.sentence}")
