"""What is tried, and by which tests: a capability at a time, so that its tests are collected once.

`python` names modules, with the functions to change where not all are meant; `sql` modules whose statements lose their conditions.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Group:
    """One run of pytest: the tests, in the order they are tried, and what they should notice."""

    name: str
    tests: tuple[str, ...]
    python: dict[str, str] = field(default_factory=dict)
    sql: tuple[str, ...] = ()
    #: Of the tests, those that are enough for the conditions of SQL; all where none are named.
    sql_tests: tuple[str, ...] = ()


def _money(
    name: str, *tests: str, sql: tuple[str, ...] = (), python: tuple[str, ...] = ("rules",), sql_tests: tuple[str, ...] = ()
) -> Group:
    return Group(
        name,
        tests,
        {f"handlers.{name}.{module}": "" for module in python},
        tuple(f"handlers.{module}" if "." in module else f"handlers.{name}.{module}" for module in sql),
        sql_tests,
    )


_GOLDEN = "tests/integration/golden/test_golden.py"


def _each(*rooms: str) -> tuple[str, ...]:
    """The tests of rooms that have a case for each condition."""
    return tuple(f"tests/integration/{room}/test_every_condition.py" for room in rooms)


GROUPS = (
    _money(
        "receivables",
        "tests/unit/receivables",
        "tests/integration/receivables",
        "tests/integration/golden/test_bank_statements.py",
        python=("rules", "application", "late_interest"),
        sql=(
            "application", "bank_entries", "bank_ledger", "manual_application", "collections", "commands", "late_charges", "placement",
            "receipts", "statements",
        ),
        sql_tests=("tests/integration/receivables",),
    ),
    Group(
        "advance",
        ("tests/unit/runtime", "tests/integration/runtime", "tests/integration/jobs"),
        {"engine.runtime.advance.settle": "", "engine.runtime.advance.save": ""},
        tuple(
            f"engine.runtime.{name}"
            for name in (
                "advance.settle", "advance.save", "advance.advance", "advance.apply", "advance.failures", "advance.outgoing",
                "advance.outside_calls", "state.leases", "state.inbox", "state.effects", "post.mailbox", "post.routing", "post.timers",
            )
        ),
        ("tests/integration/runtime",),
    ),
    _money(
        "credit", "tests/unit/credit", "tests/integration/credit",
        sql=("decisions", "exposure"), sql_tests=("tests/integration/credit",),
    ),
    _money(
        "ledger",
        "tests/unit/ledger",
        "tests/unit/values",
        "tests/integration/ledger",
        "tests/integration/receivables/test_application.py",
        "tests/integration/receivables/test_every_condition.py",
        "tests/integration/api/test_ledger.py",
        "tests/integration/api/test_bank_accounts.py",
        sql=("bank_accounts", "books", "commands", "manual", "open_items", "posting", "tasks"),
    ),
    _money(
        "billing",
        "tests/unit/billing",
        "tests/integration/billing",
        _GOLDEN,
        "tests/integration/golden/test_returns.py",
        sql=("consolidation", "creation", "credit_memos", "facts", "posting", "tasks", "paper"),
    ),
    _money(
        "returns",
        "tests/integration/golden/test_returns.py",
        "tests/integration/api/test_returns.py",
        sql=("requests", "goods", "facts"),
    ),
    _money("screening", "tests/unit/screening", "tests/integration/screening"),
    _money("webhooks", "tests/unit/webhooks", "tests/integration/webhooks"),
    _money(
        "orders",
        "tests/unit/orders",
        "tests/integration/orders",
        "tests/integration/fulfillment",
        "tests/integration/api/test_cancelling.py",
        "tests/integration/api/test_advice.py",
        sql=(
            "acknowledgement", "cancellation", "commands", "drafts", "fulfilment_groups", "fulfilment_lines", "holds", "pricing", "repair",
            "status", "tasks", "validation",
        ),
        sql_tests=(
            *_each("orders", "fulfillment", "promising"),
            "tests/integration/orders/test_every_condition_of_a_price.py",
            "tests/integration/orders/test_receiving_orders.py",
            "tests/integration/orders/test_order_to_promise.py",
        ),
    ),
    _money(
        "promising",
        "tests/unit/promising",
        "tests/integration/promising",
        "tests/integration/orders/test_order_to_promise.py",
        sql=("allocations", "availability", "backorders", "inquiry", "overdue", "planning", "promise"),
        sql_tests=_each("promising"),
    ),
    _money(
        "inventory", "tests/unit/inventory", "tests/integration/inventory", "tests/integration/fulfillment", sql=("stock", "supply"),
        sql_tests=(*_each("inventory", "promising", "fulfillment"), "tests/integration/inventory/test_stock.py"),
    ),
    _money(
        "dropship",
        "tests/unit/dropship",
        "tests/integration/dropship",
        _GOLDEN,
        sql=("accruals", "agreement", "inbound", "payables", "payments", "progress", "purchasing", "receiving", "returned", "tasks"),
        sql_tests=(
            *_each("dropship"),
            "tests/integration/dropship/test_every_condition_of_a_bill.py",
            "tests/integration/dropship/test_accruals.py",
        ),
    ),
    _money(
        "fulfillment",
        "tests/unit/fulfillment",
        "tests/integration/fulfillment",
        _GOLDEN,
        sql=("commands", "papers", "picking", "shipments.records", "shipping", "short_picks", "undoing"),
        sql_tests=_each("fulfillment"),
    ),
    _money("quoting", "tests/unit/quoting", "tests/integration/quoting", "tests/integration/api/test_quotes.py",
           "tests/integration/api/test_withdrawn_and_extended_quotes.py", sql=("acceptance", "approvers", "life"),
           sql_tests=(*_each("quoting"), "tests/integration/quoting/test_part_orders.py")),
    _money("closing", "tests/integration/closing"),
    _money("catalog", "tests/unit/catalog", "tests/integration/catalog", "tests/integration/orders/test_receiving_orders.py"),
    Group("mining", ("tests/unit/mining",), {f"engine.mining.{name}": "" for name in ("stays", "figures", "ways")}),
    Group(
        "invariants",
        ("tests/integration/invariants",),
        {},
        tuple(
            f"handlers.{name}.{module}"
            for name, modules in (
                ("billing", "invariants open_things"), ("credit", "invariants"), ("documents", "invariants"),
                ("dropship", "invariants open_things"), ("fulfillment", "invariants open_things"), ("inventory", "invariants"),
                ("ledger", "invariants"), ("orders", "invariants open_things"), ("quoting", "invariants open_things"),
                ("receivables", "invariants open_things"), ("shipments", "invariants"),
            )
            for module in modules.split()
        ),
    ),
)  # fmt: skip
