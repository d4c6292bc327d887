"""The one written order of locks, and the one register of advisory-lock numbers. Every lock of the product is taken here.

A transaction takes locks downwards only: instance, then business aggregates, then the customer's credit, stock, number series,
message, and last the audit log. Two transactions that keep the order cannot wait for each other in a circle. `docs/locks.md` says
why each place is where it is; a test holds the two equal.

Rows are locked FOR NO KEY UPDATE, sorted by their key: nobody's foreign key waits for it.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from engine.store import memo

_HELD = "locks_held"
_ASKED = "locks_asked"


class Lock(StrEnum):
    """What can be locked, by table, in the order in which it is taken."""

    #: Somebody signs in, or a paper comes in: what follows from it is locked after it.
    USER_ACCOUNT = "user_account"
    INBOUND_MESSAGE = "inbound_message"
    WEBHOOK_RECEIVED = "webhook_received"
    #: What somebody asked for is held by whoever confirms it, before all that it changes.
    PENDING_CHANGE = "pending_change"
    #: What a file brings in is held by whoever applies or undoes it, before all that it writes.
    DATA_IMPORT = "data_import"
    #: Whoever deploys a draft holds it first: what is deployed is what was checked.
    DRAFT = "draft"
    SCHEDULE = "schedule"
    #: Whoever does what is asked of many takes the act first: it is steered between two instances, never within one.
    BATCH = "batch"
    INSTANCE = "instance"
    #: What a worker outside has fetched: it locks nothing else then, and the instance before it completes.
    EXTERNAL_TASK = "external_task"
    QUOTE = "quote"
    ORDER = "sales_order"
    FULFIL_GROUP = "fulfil_group"
    FULFIL_LINE = "fulfil_line"
    SHIPMENT = "shipment"
    PURCHASE_ORDER = "purchase_order"
    DESPATCH_ADVICE = "asn"
    SUPPLIER_INVOICE = "supplier_invoice"
    SUPPLIER_CREDIT = "supplier_credit"
    INVOICE = "invoice"
    RETURN = "return_authorization"
    BANK_STATEMENT = "bank_statement"
    RECEIPT = "receipt"
    REFUND = "refund"
    DISPUTE = "dispute"
    #: A journal that a person wrote: locked by whoever agrees to it or corrects it.
    MANUAL_ENTRY = "manual_entry"
    OPEN_ITEM = "open_item"
    SUPPLIER = "supplier"
    EDI_PARTNER = "edi_partner"
    BANK_LAYOUT = "bank_layout"
    #: The customer's credit is a stock too: it is taken after what asks for it and before what it pays for.
    CUSTOMER = "customer"
    ITEM = "item"
    STOCK = "stock_balance"
    SUPPLY = "supply"
    NUMBER_SERIES = "number_series"
    MESSAGE = "message"
    #: Who may tell us things by webhook.
    WEBHOOK_SOURCE = "webhook_source"
    #: Whoever keeps a webhook holds it before the messages to it.
    WEBHOOK_SUBSCRIPTION = "webhook_subscription"
    WEBHOOK_DELIVERY = "webhook_delivery"
    EFFECT = "effect"
    AUDIT = "audit"

    @property
    def rank(self) -> int:
        """Its place in the order; a smaller one is taken first."""
        return _RANKS[self]

    @property
    def key(self) -> str:
        """The column that names a row."""
        return _KEYS.get(self, f"{self.value}_no")


_RANKS = {lock: rank for rank, lock in enumerate(Lock)}
_KEYS = {
    Lock.USER_ACCOUNT: "id",
    Lock.INBOUND_MESSAGE: "id",
    Lock.WEBHOOK_RECEIVED: "id",
    Lock.WEBHOOK_SOURCE: "name",
    Lock.PENDING_CHANGE: "id",
    Lock.DATA_IMPORT: "id",
    Lock.DRAFT: "bundle",
    Lock.SCHEDULE: "id",
    Lock.BATCH: "id",
    Lock.INSTANCE: "id",
    Lock.EXTERNAL_TASK: "id",
    Lock.ORDER: "order_no",
    Lock.FULFIL_GROUP: "group_no",
    Lock.FULFIL_LINE: "id",
    Lock.PURCHASE_ORDER: "po_no",
    Lock.RETURN: "rma_no",
    Lock.BANK_STATEMENT: "statement_no",
    Lock.REFUND: "credit_memo_no",
    Lock.MANUAL_ENTRY: "reference",
    Lock.OPEN_ITEM: "id",
    Lock.EDI_PARTNER: "partner_no",
    Lock.BANK_LAYOUT: "layout_no",
    Lock.ITEM: "sku",
    Lock.STOCK: "id",
    Lock.SUPPLY: "id",
    Lock.NUMBER_SERIES: "series",
    Lock.MESSAGE: "id",
    Lock.WEBHOOK_SUBSCRIPTION: "id",
    Lock.WEBHOOK_DELIVERY: "id",
    Lock.EFFECT: "key",
}


class Advisory(IntEnum):
    """The numbers of PostgreSQL's advisory locks that are ours. A number is never used again for something else."""

    AUDIT = 7_210_945_011
    PGQUEUER_SCHEMA = 7_210_945_012
    PROCRASTINATE_SCHEMA = 7_210_945_013
    DEPLOY = 7_210_945_014
    START = 7_210_945_015
    PAYER_ACCOUNT = 7_210_945_017
    #: One statement of a bank account is read at a time.
    BANK_ACCOUNT = 7_210_945_016
    #: Shared by whoever posts, alone by whoever closes or opens a period.
    LEDGER_PERIODS = 7_210_945_018
    #: Whoever takes money off an account on which it has to stand.
    CLEARING = 7_210_945_020
    #: Whoever asks whether a bounded service task may be called.
    SERVICE_TASK_LOAD = 7_210_945_019
    #: The first administrator is made once.
    #: Files of one kind are applied one after the other.
    IMPORT = 7_210_945_041
    FIRST_ACCOUNT = 7_210_945_031
    #: One person keeps the business calendars at a time: one of them is the standard.
    CALENDARS = 7_210_945_032
    #: One clock at a time writes what people are told.
    NOTICES = 7_210_945_033
    DEMO = 735_190_301
    MIGRATE = 7_351_903


@dataclass(slots=True)
class Watch:
    """Whether the order is watched. Tests switch it on; in production a wrong order costs a deadlock now and then, not a request."""

    on: bool = False
    #: What was seen, also where whoever called caught the error.
    broken: list[str] = field(default_factory=list)


watch = Watch()


class LockOrderError(AssertionError):
    """A lock was asked for that comes before one already held: this can deadlock. Raised in tests only."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        watch.broken.append(sentence)


def take(tx: Session, lock: Lock, keys: Iterable[Any], *, by: str | None = None, skip_locked: bool = False) -> list[Any]:
    """Lock rows to the end of the transaction, sorted, and answer the keys of those that exist.

    `by` names another column to find them by (all the stock of an item). `skip_locked` leaves out what another transaction holds.
    Read what you decide on after this, in a statement of its own: only then is it what the lock protects.
    """
    wanted = sorted(set(keys))
    if by in {None, lock.key} and set(wanted) <= _held(tx).get(lock, frozenset()):  # nothing is asked for, or all of it is ours already
        return wanted
    _check(tx, lock, by or lock.key, wanted)
    if by is not None:
        _asked(tx).update((lock, by, each) for each in wanted)
    locked = list(tx.execute(_statement(lock, by or lock.key, skip_locked), {"keys": wanted}).scalars())
    memo.forget(tx, lock.value)
    _held(tx)[lock] = _held(tx).get(lock, frozenset()) | set(locked)
    return locked


def takes_itself(tx: Session, lock: Lock, key: Any) -> None:
    """Say that the statement that follows locks a row by writing it, where it is found by its key alone. Checked as `take` is."""
    _check(tx, lock, lock.key, [key])
    _held(tx)[lock] = _held(tx).get(lock, frozenset()) | {key}


def take_instance_of(tx: Session, user_task_id: Any) -> None:
    """Lock the instance that a user task is of, without asking for its id first: a task stays with its instance for ever."""
    given = {"id": user_task_id}
    if watch.on:
        _check(tx, Lock.INSTANCE, Lock.INSTANCE.key, list(tx.execute(_OF_TASK, given).scalars()))
    locked = tx.execute(_INSTANCE_OF_TASK, given).scalars()
    _held(tx)[Lock.INSTANCE] = _held(tx).get(Lock.INSTANCE, frozenset()) | set(locked)


def advisory(tx: Session, number: Advisory, thing: str | None = None, *, shared: bool = False) -> None:
    """Wait until no other transaction holds this number (and `thing`), and hold it to the end of this one.

    Those who hold it `shared` do not wait for one another, only for one who holds it alone, and he for all of them.
    """
    how = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    if thing is None:
        tx.execute(text(f"SELECT {how}(:number)"), {"number": int(number)})
    else:
        tx.execute(text(f"SELECT {how}(hashtextextended(:thing, :number))"), {"number": int(number), "thing": thing})


def hold_presence(connection: Any, process: int) -> None:
    """Take the lock that says that a worker's process lives, on a connection of its own: it is held as long as the connection is."""
    connection.execute("SELECT pg_advisory_lock(%s, %s)", (_PRESENCE, process))


def present(tx: Session) -> set[int]:
    """The worker processes that live."""
    return set(tx.execute(_PRESENT, {"presence": _PRESENCE}).scalars())


def holds(tx: Session, lock: Lock, key: Any) -> bool:
    """Whether the transaction has locked this row by its key."""
    return key in _held(tx).get(lock, frozenset())


def asked(tx: Session, lock: Lock, by: str, key: Any) -> bool:
    """Whether the transaction has locked the rows that another column than the key names."""
    return (lock, by, key) in _asked(tx)


def highest(tx: Session) -> Lock | None:
    """The last lock of the order that the transaction holds."""
    held = _held(tx)
    return max(held, key=lambda lock: lock.rank) if held else None


def take_anew(tx: Session) -> None:
    """A dry run does in one transaction what the product does in many: each of them begins the order at its beginning.

    What is held stays held, so whoever calls this waits for nobody (`engine/runtime/dry_run/really.py`): no circle can come of it.
    """
    tx.info[_HELD], tx.info[_ASKED] = {}, set()


@contextmanager
def forgotten_on_rollback(tx: Session) -> Iterator[None]:
    """What a savepoint locked is free again when it is rolled back."""
    before, asked = dict(_held(tx)), set(_asked(tx))
    try:
        yield
    except BaseException:
        tx.info[_HELD], tx.info[_ASKED] = before, asked
        raise


def _held(tx: Session) -> dict[Lock, frozenset[Any]]:
    held: dict[Lock, frozenset[Any]] = tx.info.setdefault(_HELD, {})
    return held


def _asked(tx: Session) -> set[tuple[Lock, str, Any]]:
    """What was locked by another column than the key: asked for again it is locked already."""
    asked: set[tuple[Lock, str, Any]] = tx.info.setdefault(_ASKED, set())
    return asked


def _check(tx: Session, lock: Lock, by: str, keys: list[Any]) -> None:
    last = highest(tx) if watch.on else None
    if last is None or lock.rank >= last.rank:
        return
    if all((lock, by, each) in _asked(tx) for each in keys):
        return
    held = sorted(_held(tx).get(lock, frozenset()))
    if not tx.execute(_strangers(lock, by), {"keys": keys, "held": held}).scalar_one():
        return
    raise LockOrderError(f"{lock} {keys[:5]} is to be locked while {last} is held. Take it earlier: see engine/store/locks.py.")


@lru_cache(maxsize=128)
def _statement(lock: Lock, by: str, skip_locked: bool) -> TextClause:
    rest = " SKIP LOCKED" if skip_locked else ""
    return text(f"SELECT {lock.key} FROM {lock.value} WHERE {by} = ANY(:keys) ORDER BY {lock.key} FOR NO KEY UPDATE{rest}")


@lru_cache(maxsize=128)
def _strangers(lock: Lock, by: str) -> TextClause:
    """How many of the rows this transaction neither holds nor has itself written: its own are locked already."""
    written = "pg_xact_status(xmin::text::xid8) = 'in progress'"
    return text(
        f"SELECT count(*) FROM {lock.value} WHERE {by} = ANY(:keys) AND {lock.key} <> ALL(:held) AND NOT coalesce({written}, false)"
    )


#: Of locks by two numbers: the one that all workers' processes share.
_PRESENCE = 721_094
_PRESENT = text("""
SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND classid = :presence AND objsubid = 2 AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
""")
_OF_TASK = text("SELECT instance_id FROM user_task WHERE id = :id")
_INSTANCE_OF_TASK = text("SELECT id FROM instance WHERE id = (SELECT instance_id FROM user_task WHERE id = :id) FOR NO KEY UPDATE")
