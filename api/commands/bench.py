"""`ordercraft bench`."""

import atexit
import json
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from api import logs
from engine.jobs.benchmark import run
from engine.problems import NotFound
from engine.store.embedded import start_embedded
from engine.store.unit_of_work import Database

if TYPE_CHECKING:
    from api.benchmarks.pages import PageTook
    from api.product import Product


@click.group("bench")
def command() -> None:
    """Measure. Figures are printed, never judged."""
    logs.configure("error", sys.stderr)


@command.command("engine")
@click.option("--instances", default=500, show_default=True, help="How many instances of each case.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def engine(instances: int, *, as_json: bool) -> None:
    """Measure the engine, durable: (a) ten script tasks; (b) scripts, a gateway, a user task. Figures are per instance."""
    with _fresh_database() as database:
        cases = {case: asdict(run(database, case, instances)) for case in ("a", "b")}
    if as_json:
        click.echo(json.dumps({"cases": cases}))
        return
    for case, figures in cases.items():
        click.echo(f"case {case}: " + ", ".join(f"{name} {value:,.2f}" for name, value in figures.items()))


@command.command("orders")
@click.option(
    "--lines", "sizes", multiple=True, type=int, default=(3, 10, 100, 1000, 5000), show_default=True, help="Lines of an order; repeat."
)
@click.option("--orders", "together", default=1, show_default=True, help="Orders of each size that go together; figures are per order.")
@click.option("--callers", is_flag=True, help="Also print the statements of an order by call site.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def orders(sizes: tuple[int, ...], together: int, *, callers: bool, as_json: bool) -> None:
    """Measure an order from intake to cash by its number of lines: time, processor time, statements, commits, storage."""
    from api.benchmarks.orders import run as run_orders

    with _fresh_database() as database:
        costs = run_orders(database, sizes, together, callers=callers)
    if as_json:
        click.echo(json.dumps({"orders": [asdict(cost) for cost in costs]}))
        return
    for cost in costs:
        phases = ", ".join(f"{name} {value:,.0f}" for name, value in cost.phases.items())
        served = "unknown" if cost.database_ms is None else f"{cost.database_ms:,.0f} ms"
        click.echo(
            f"{cost.lines} lines: {cost.statements:,.0f} statements, {cost.commits:,.1f} commits, "
            f"CPU {cost.engine_ms:,.0f} ms engine + {served} database + {cost.papers_ms:,.0f} ms papers, "
            f"{cost.storage_kb:,.0f} kB and {cost.papers_kb:,.0f} kB of papers, {cost.wall_ms:,.0f} ms ({phases} ms)"
        )
        for count, caller, statement in cost.callers:
            click.echo(f"  {count:7.2f}  {caller}  |  {statement}")


@command.command("scenarios")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def scenarios(*, as_json: bool) -> None:
    """Measure the dry run of the happy path of each of the five processes, without and with reading its bundle."""
    from api.benchmarks.dry_runs import run as run_dry

    took = run_dry()
    if as_json:
        click.echo(json.dumps({"scenarios": [asdict(each) for each in took]}))
        return
    for each in took:
        click.echo(
            f"{each.bundle}: {each.play_ms:,.0f} ms for {each.elements} elements, {each.check_ms:,.0f} ms to check the bundle before"
        )
    play, check = sum(each.play_ms for each in took), sum(each.check_ms for each in took)
    click.echo(f"together: {play:,.0f} ms, {play + check:,.0f} ms with the checks")


@command.command("lines")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def lines(*, as_json: bool) -> None:
    """Count the lines that run the happy path of each of the five processes: SpiffWorkflow's and those of engine/spiff, FEEL left out."""
    from api.benchmarks.executed_lines import of_happy_paths

    counted = of_happy_paths()
    if as_json:
        click.echo(json.dumps({"lines": {name: {**asdict(each), "share": round(each.share, 3)} for name, each in counted.items()}}))
        return
    for name, each in counted.items():
        click.echo(f"{name}: {each.theirs:,} of SpiffWorkflow, {each.ours:,} of engine/spiff: {each.share:.0%} are SpiffWorkflow's")


@command.command("pages")
@click.option("--elements", "sizes", multiple=True, type=int, default=(60, 300), show_default=True, help="Elements of a diagram; repeat.")
@click.option("--rounds", default=5, show_default=True, help="How often each is measured; the median is printed.")
@click.option("--rows", default=0, help="Measure lists instead, over so many open tasks, orders and instances.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def pages(sizes: tuple[int, ...], rounds: int, rows: int, *, as_json: bool) -> None:
    """Measure what an analyst waits for: the modeler cold and warm, the check's answer, a dry run of the five happy paths.

    Needs a Chromium (on the PATH, or in $CHROMIUM) and the test tools (playwright). With --rows: how long the server takes over
    worklist, Today, orders, instances and search, for people with much and with nothing to do; needs no browser.
    """
    if rows:
        _print_lists(rows, rounds, as_json=as_json)
        return
    from api.benchmarks.dry_runs import run as run_dry

    with _fresh_database() as database, _browser() as browser:
        took = _measure_pages(database, browser, sizes, rounds)
    dry = sum(each.play_ms for each in run_dry())
    if as_json:
        click.echo(json.dumps({"pages": [asdict(each) for each in took], "dry_runs_ms": round(dry, 1)}))
        return
    for each in took:
        click.echo(
            f"{each.elements} elements: modeler ready in {each.cold_ms:,.0f} ms cold, {each.warm_ms:,.0f} ms warm; "
            f"checked in {each.check_ms:,.0f} ms"
        )
    click.echo(f"dry run of the five happy paths: {dry:,.0f} ms")


def _print_lists(rows: int, rounds: int, *, as_json: bool) -> None:
    from api.auth.roles import GROUPS
    from api.benchmarks.lists import fill_company
    from api.benchmarks.lists import run as run_lists

    with _fresh_database() as database:
        product = _product(database, GROUPS)
        began = perf_counter()
        fill_company(product, rows)
        filled = perf_counter() - began
        took = run_lists(product, max(rounds, 20))
    if as_json:
        click.echo(json.dumps({"rows": rows, "filled_s": round(filled, 1), "lists": [asdict(each) for each in took]}))
        return
    click.echo(f"{rows:,} open tasks, orders and instances made in {filled:,.0f} s; server time in ms")
    for each in took:
        click.echo(f"{each.person:6} {each.page:28} p50 {each.p50_ms:8,.1f}   p95 {each.p95_ms:8,.1f}")


def _product(database: Database, groups: Collection[str]) -> "Product":
    from api.bootstrap import ports
    from api.product import Product
    from api.settings import Settings
    from engine.jobs.null_dispatcher import NullDispatcher
    from engine.runtime.state.runtime import Runtime
    from handlers.registry import service_tasks

    runtime = Runtime(database=database, service_tasks=service_tasks(), ports=ports(), dispatcher=NullDispatcher())
    return Product(Settings(), database, runtime, demo=True, groups=groups)


def _measure_pages(database: Database, browser: Any, sizes: tuple[int, ...], rounds: int) -> list["PageTook"]:
    from api.auth.accounts import add_account
    from api.auth.roles import GROUPS
    from api.benchmarks.pages import run as run_pages
    from api.demo.people import PEOPLE

    with database.transaction() as tx:
        for person in PEOPLE:
            add_account(tx, person)
    return run_pages(browser, _product(database, GROUPS), sizes, rounds)


@contextmanager
def _browser() -> Iterator[Any]:
    """A Chromium without a window. Raises NotFound where there is none."""
    from api.benchmarks.browsers import find_chromium

    found = find_chromium()
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        found = None
    if found is None:
        raise NotFound(
            "There is no browser to measure in.",
            code="browser_missing",
            next_step="Install a Chromium (or set $CHROMIUM to one) and the test tools: pip install playwright.",
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def _fresh_database() -> Iterator[Database]:
    """A migrated database on an embedded PostgreSQL of its own, removed afterwards."""
    from api.schema import migrate

    directory = Path(tempfile.mkdtemp(prefix="ordercraft-bench-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)  # last in, first out: after the server that lives in it has stopped
    database = Database(start_embedded(directory / "postgres"))
    try:
        migrate(database)
        yield database
    finally:
        database.close()
