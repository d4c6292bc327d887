"""`ordercraft limits`."""

from typing import Any

import click

from api.auth.accounts import account_named
from api.bootstrap import build
from api.product import Product
from api.settings import Settings
from engine.lexical import read_decimal
from engine.problems import Invalid
from engine.runtime.read.decision_limits import list_limits, list_out_of_reach
from engine.runtime.state.guarded_acts import Wanting
from engine.runtime.verbs.decision_limits import REMOVE, SET, Limit, LimitKey
from engine.runtime.verbs.pending_changes import ask_or_do
from engine.store import json_text
from engine.store.paging import Asked

_MOST = 10_000
_actor = click.option("--as", "actor", required=True, help="The account that asks for it; somebody else confirms what takes two.")
_reason = click.option("--reason", default="", help="Why; it goes to the audit log and to whoever confirms.")


@click.group("limits")
def command() -> None:
    """Say up to which amount whom decides what, and what nobody's limit reaches."""


@command.command("list")
@click.option("--kind", default="", help="Those of one kind of decision.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def list_all(kind: str, *, as_json: bool) -> None:
    """List limits, and the open decisions that none of them reaches."""
    with build(Settings.from_environment()).database.transaction() as tx:
        for row in list_limits(tx, Asked(_MOST), kind=kind).rows:
            _print(row, f"{row.kind:16} {row.who:32} up to {row.amount:,f} {row.currency}", as_json=as_json)
        for beyond in list_out_of_reach(tx, Asked(_MOST)).rows:
            if kind in {"", beyond.kind}:
                told = "an unknown amount" if beyond.amount is None else f"{beyond.amount:,f} {beyond.currency}"
                _print(beyond, f"{beyond.kind:16} out of reach: {beyond.title}, {told}, task {beyond.id}", as_json=as_json)


@command.command("set")
@click.argument("kind")
@click.argument("who")
@click.argument("currency")
@click.argument("amount")
@_actor
@_reason
def set_limit(kind: str, who: str, currency: str, amount: str, **asked: str) -> None:
    """Let WHO (user:NAME or group:NAME) decide KIND up to AMOUNT of CURRENCY. What lets somebody decide more waits for a second person."""
    read = read_decimal(amount)
    if read is None:
        errors = {"amount": ["is no number, such as 2500.00"]}
        raise Invalid("The limit cannot be set like this.", next_step="Correct the amount.", errors=errors)
    _do(SET, Limit(kind=kind, who=who, currency=currency, amount=read), **asked)


@command.command("remove")
@click.argument("kind")
@click.argument("who")
@click.argument("currency")
@_actor
@_reason
def remove_limit(kind: str, who: str, currency: str, **asked: str) -> None:
    """Take a limit away. What lets somebody decide more waits for a second person."""
    _do(REMOVE, LimitKey(kind=kind, who=who, currency=currency), **asked)


def _do(act: str, given: Any, actor: str, reason: str) -> None:
    product: Product = build(Settings.from_environment())
    with product.database.transaction() as tx:
        name = account_named(tx, actor).name
        outcome = ask_or_do(product.runtime, tx, act, given, Wanting(name, reason))
    click.echo("Done." if outcome.pending is None else f"It waits for a second person as change {outcome.pending}, in the worklist.")


def _print(row: object, told: str, *, as_json: bool) -> None:
    click.echo(json_text.encode(row).decode() if as_json else told)
