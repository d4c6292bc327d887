"""What a person would call a date or a deadline reads the business clock; the machine's is read only where this list says why."""

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.architecture.sources import trees

_SQL = re.compile(
    r"(?<![a-z_.])(?:now|clock_timestamp|statement_timestamp|transaction_timestamp)\(\)|\b(?:current_date|current_timestamp|localtimestamp)\b",
    re.IGNORECASE,
)
_PYTHON = {
    "date.today",
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "func.now",
    "func.current_date",
    "func.clock_timestamp",
    "time.time",
}
_CALLED = {name.rpartition(".")[2] for name in _PYTHON}

#: How often each file may read the machine's time, and why.
MACHINE = {
    "handlers/shipments/records.py": (1, "when the carrier was asked where a parcel is"),
    "handlers/fulfillment/tracking.py": (1, "when the carrier is asked again"),
    "handlers/webhooks/delivering.py": (13, "messages to the outside, their pauses and how long they are kept"),
    "handlers/webhooks/model.py": (1, "when a message is due"),
    "handlers/webhooks/receiving.py": (2, "how far a signature's time is from ours, and whether the secret before still counts"),
    "handlers/webhooks/sources.py": (1, "how long the secret before counts"),
    "handlers/webhooks/subscriptions.py": (4, "when a message is due, and how long the secret before counts"),
    "handlers/webhooks/views.py": (1, "whether the secret before still counts"),
    "handlers/edi/model.py": (1, "until when one process looks into the exchange"),
    "handlers/edi/picking_up.py": (
        10,
        "when the exchange was looked at and reached, and until when one process looks: leases and an outside",
    ),
    "handlers/reporting/kpi.py": (1, "how old a kept figure is: a cache ages by the machine"),
    "handlers/reporting/model.py": (1, "when a figure was worked out: a cache ages by the machine"),
    "engine/runtime/read/worklist.py": (1, "a person waits these seconds for an undo, whatever the company's date"),
    "engine/runtime/verbs/held_decisions.py": (4, "a person has these seconds for an undo, whatever the company's date"),
    "api/http_server.py": (1, "how long a request takes to come"),
    "api/auth/accounts.py": (2, "whether a token that is revoked was still valid"),
    "api/auth/identities.py": (2, "how long somebody may take at the provider of company accounts"),
    "api/auth/links.py": (4, "how long a one-time link lasts"),
    "api/auth/model.py": (10, "when an account, a passkey, a token, a sign-in, a link or a request's key was made"),
    "api/auth/passkeys.py": (3, "how long a device has to sign, and when it last did"),
    "api/notices/links.py": (3, "how long a link in a mail opens its task"),
    "api/notices/model.py": (1, "when a link in a mail was made"),
    "api/auth/pauses.py": (11, "how long one who guesses waits"),
    "api/auth/refusals.py": (2, "the hour in which a refusal is counted"),
    "api/auth/second_factor.py": (3, "whether a second factor counts, and which code its authenticator shows"),
    "api/auth/sessions.py": (18, "how long a session lasts, and when it was used"),
    "api/auth/tokens.py": (6, "how long a token lasts, and when it was used"),
    "api/demo/bank.py": (1, "the booking day of a bank outside, where a test names none"),
    "api/requests.py": (1, "how long answers are kept for repeated requests"),
    "engine/feel/limits.py": (1, "an evaluation that nobody gave a time, such as of a constant"),
    "engine/jobs/pgqueuer.py": (1, "the queue's own log"),
    "engine/models/rehearsal.py": (1, "whether a step that reads no variable fails at all"),
    "engine/models/times.py": (1, "whether a constant timer gives a time at all"),
    "engine/runtime/advance/advance.py": (2, "when the bell was rung"),
    "engine/runtime/advance/loads.py": (11, "how often the outside is called"),
    "engine/runtime/advance/save.py": (3, "leases, and when the bell was rung"),
    "engine/runtime/operate/batch_work.py": (1, "whether a worker holds the lease"),
    "engine/runtime/post/message_starts.py": (1, "when the bell was rung"),
    "engine/runtime/read/explain.py": (1, "whether a worker holds the lease"),
    "engine/runtime/read/external_tasks.py": (2, "locks of workers outside"),
    "engine/runtime/state/audit.py": (1, "the audit log tells when something was really done"),
    "engine/jobs/presence.py": (4, "when a worker was last heard of"),
    "engine/runtime/read/work.py": (1, "whether nobody calls a service task after too many failures"),
    "engine/runtime/read/workers.py": (1, "whether a worker holds the lease"),
    "engine/runtime/state/effects.py": (7, "deliveries to the outside and their pauses"),
    "engine/runtime/state/inbox.py": (1, "when the bell was rung"),
    "engine/runtime/state/leases.py": (10, "leases"),
    "engine/runtime/state/stretch.py": (1, "whether a worker holds the lease"),
    "engine/runtime/verbs/comments.py": (1, "when a comment was really dealt with"),
    "engine/runtime/verbs/drafts.py": (1, "when a file was really saved"),
    "engine/runtime/verbs/housekeeping.py": (5, "lost bells and leases"),
    "engine/runtime/verbs/run_until_idle.py": (2, "leases"),
    "engine/runtime/verbs/external_fetch.py": (4, "locks of workers outside"),
    "engine/runtime/verbs/external_tasks.py": (4, "locks of workers outside"),
    "engine/store/clock.py": (2, "the clock itself"),
    "engine/store/columns.py": (1, "columns that are declared to be the machine's"),
    "handlers/ledger/books.py": (1, "which came first, a posting or the closing of its period"),
    "handlers/ledger/model.py": (2, "which came first, a posting or the closing of its period"),
    "ui/company_time.py": (2, "the clock of the pages, to which its move is added; and what is told by the machine's clock"),
}


def readings(tree: ast.Module) -> int:
    """How often a module reads the machine's time: in its SQL texts and in its calls; what docstrings say does not count."""
    docstrings = {id(text) for text in _docstrings(tree)}
    found = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            found += len(_SQL.findall(node.value))
        elif isinstance(node, ast.Call):
            found += isinstance(node.func, ast.Attribute) and node.func.attr in _CALLED and ast.unparse(node.func) in _PYTHON
    return found


def _docstrings(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value


@cache
def machine_time() -> dict[str, int]:
    """The files of the product that read it, with how often."""
    counted = {path: readings(tree) for path, tree in trees().items()}
    return {path: number for path, number in counted.items() if number}


def test_a_date_or_deadline_reads_the_business_clock():
    allowed = {path: number for path, (number, _) in MACHINE.items()}
    too_many = {path: number for path, number in machine_time().items() if number > allowed.get(path, 0)}
    assert too_many == {}, "Read business_now() or business_today(), or say in MACHINE why it is the machine's time."


def test_no_reason_is_kept_for_what_is_gone():
    found = machine_time()
    stale = {path: number for path, (number, _) in MACHINE.items() if found.get(path, 0) < number}
    assert stale == {}


@pytest.mark.parametrize(
    ("source", "number"),
    [
        ('X = "SELECT now(), current_date"', 2),
        ('X = text(f"UPDATE a SET at = now() WHERE {b}")', 1),
        ("x = date.today()", 1),
        ("x = datetime.now(UTC)", 1),
        ("x = func.now()", 1),
        ('X = "SELECT business_now(), business_today()"', 0),
        ("x = func.business_now()", 0),
        ('"""What now() gives."""', 0),
        ("x = run.now()", 0),
        ('X = "SELECT clock_timestamp()"', 1),
    ],
)
def test_readings_are_counted(source, number):
    assert readings(ast.parse(source)) == number
