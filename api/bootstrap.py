"""Puts an installation together: the one module that knows concrete adapters."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

from api.auth.accounts import release_tasks_of_the_departed
from api.auth.directory import AccountDirectory
from api.auth.refusals import tell_refusals
from api.auth.roles import GROUPS, second_factor_roles
from api.auth.sealing import ring_of
from api.auth.sessions import forget_what_is_over
from api.exchanges import exchange_of
from api.memory import give_back_large_blocks
from api.notices.links import forget_old_links
from api.notices.rounds import EVERY, tell
from api.notices.sending import Outward
from api.product import Product
from api.requests import forget_old_keys
from api.schema import differences, migrate
from api.settings import Settings
from api.surroundings import checked_url
from api.zones import name_in, refuse_other_zones
from engine.jobs.clock import Round
from engine.jobs.pgqueuer import PgQueuerDispatcher
from engine.jobs.worker import Worker
from engine.problems import Invalid
from engine.runtime.dry_run import guarded_deployments
from engine.runtime.operate import guarded_batches
from engine.runtime.state.bounds import read_bounds
from engine.runtime.state.directory import Directory
from engine.runtime.state.dispatcher import Dispatcher
from engine.runtime.state.effects import EffectSink
from engine.runtime.state.guarded_acts import GuardedActs, Thresholds
from engine.runtime.state.limits import Limits
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import decision_limits, process_settings
from engine.runtime.verbs.pending_changes import expire
from engine.store.embedded import start_embedded
from engine.store.patience import USUAL
from engine.store.unit_of_work import Database
from handlers.calling import read_networks
from handlers.constraints import RULES
from handlers.edi.exchange import Exchange
from handlers.edi.picking_up import PickUp
from handlers.fulfillment import tracking
from handlers.fulfillment.http_carrier import HttpCarrier
from handlers.fulfillment.ports import Carrier
from handlers.fulfillment.rate_table import RateTable
from handlers.parties.policy import PolicyThresholds
from handlers.registry import guarded_acts, service_tasks
from handlers.reporting.kpi import keep_today
from handlers.reporting.kpis import KPIS
from handlers.webhooks import delivering
from handlers.webhooks.sealed import sealer


def open_database(settings: Settings, application: str = "ordercraft") -> Database:
    """Connect to the server `DATABASE_URL` names, or to the embedded one, which is started when it does not run."""
    revive = None if settings.database_url else partial(start_embedded, settings.data / "postgres")
    database = Database(
        checked_url(settings.database_url) if revive is None else revive(),
        pool_size=settings.worker_threads + settings.web_threads + 8,
        time_zone=settings.time_zone,
        application=application,
        patience=USUAL.within(timedelta(seconds=settings.lease_seconds)),
    )
    if revive is not None:
        database.revived_by(revive)
    return database


@contextmanager
def _closed_on_failure(database: Database) -> Iterator[None]:
    """Who is refused leaves no connection open."""
    try:
        yield
    except BaseException:
        database.close()
        raise


def build(settings: Settings, *, with_worker: bool = False, demo: bool = False) -> Product:
    """Make a migrated, ready installation for a command that ends."""
    return _put_together(settings, open_database(settings), with_worker=with_worker, demo=demo)


def build_to_stay(settings: Settings, *, with_worker: bool = False, demo: bool = False) -> Product:
    """Make a migrated, ready installation that serves or works until it is stopped.

    Raises Surroundings when another one serves or works on the same database in another time zone.
    """
    give_back_large_blocks()
    database = open_database(settings, name_in(settings.time_zone))
    with _closed_on_failure(database):
        refuse_other_zones(database, settings.time_zone)
    return _put_together(settings, database, with_worker=with_worker, demo=demo)


def _put_together(settings: Settings, database: Database, *, with_worker: bool, demo: bool) -> Product:
    with _closed_on_failure(database):
        migrate(database)
    second_factor_roles(settings.second_factor_roles)  # a misspelt role is said before anybody signs in without its second factor
    exchange = exchange_of(settings)
    runtime = Runtime(
        database=database,
        service_tasks=service_tasks(),
        ports={
            **ports(),
            **_outside(settings),
            EffectSink: Outward(settings, database, exchange),
            **({Exchange: exchange} if exchange else {}),
        },
        dispatcher=_dispatcher(settings, database),
        limits=_limits(settings),
        constraints=RULES,
    )
    chores = (
        forget_old_keys,
        forget_what_is_over,
        release_tasks_of_the_departed,
        tell_refusals,
        forget_old_links,
        expire,
        process_settings.forget_ended,
        keep_today(KPIS),
        delivering.tell_audit_head,
        delivering.forget_old,
        sealer(ring_of(settings)),
    )
    rounds: list[Round] = [
        ("notices", EVERY, tell),
        ("webhooks", delivering.EVERY, delivering.Sender(sending(settings))),
        ("tracking", tracking.EVERY, tracking.track),
    ]
    if exchange is not None:
        rounds.append(("edi", settings.edi_seconds, PickUp(exchange)))
    worker = Worker(runtime, threads=settings.worker_threads, chores=chores, rounds=rounds) if with_worker else None
    return Product(settings, database, runtime, worker, demo, differences(database), GROUPS)


def sending(settings: Settings) -> delivering.Sending:
    """How webhooks are sent here."""
    return delivering.Sending(ring_of(settings), read_networks(settings.inside_networks), timedelta(days=settings.webhook_days))


def _limits(settings: Settings) -> Limits:
    lease = timedelta(seconds=settings.lease_seconds)
    return Limits(lease=lease, sweep_grace=lease / 2, bounds=read_bounds(settings.service_task_bounds), undo_seconds=settings.undo_seconds)


def _outside(settings: Settings) -> Mapping[Any, object]:
    """The adapters that the settings name instead of the defaults."""
    return {Carrier: HttpCarrier(settings.carrier_url, settings.carrier_token)} if settings.carrier_url else {}


_ENGINE_ACTS = (*guarded_batches.ACTS, *decision_limits.ACTS, *process_settings.ACTS)


def ports() -> Mapping[Any, object]:
    """The adapters of every port to the outside. The defaults work without any outside system and say so on what they make."""
    return {
        Carrier: RateTable(),
        Directory: AccountDirectory(),
        GuardedActs: GuardedActs([*_ENGINE_ACTS, *guarded_deployments.acts(GROUPS), *guarded_acts()]),
        Thresholds: PolicyThresholds(),
    }


def _dispatcher(settings: Settings, database: Database) -> Dispatcher:
    if settings.queue == "pgqueuer":
        return PgQueuerDispatcher(database)
    if settings.queue == "procrastinate":
        from engine.jobs.procrastinate import ProcrastinateDispatcher  # an optional extra

        return ProcrastinateDispatcher(database)
    raise Invalid(
        f"There is no queue {settings.queue!r}.", code="setting_wrong", next_step="Set ORDERCRAFT_QUEUE to pgqueuer or procrastinate."
    )
