"""Takes in what lies in the inbox of the exchange, and says who is to act when a file cannot be read or the exchange stays away."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session as Transaction

from engine.problems import Problem, TooLarge
from engine.runtime.post.mailbox import Message
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import messages
from handlers.edi.arriving import refusal, take_in
from handlers.edi.exchange import Exchange, ExchangeAway, Session, Waiting
from handlers.parties.policy import chosen

#: Who files are taken in by, as the order's story has it.
ACTOR: Final = "edi-exchange"
TROUBLE: Final = "edi.exchange_trouble"
#: So many files are taken in at one look; the others at the next.
MOST_AT_ONCE: Final = 50
_PATIENCE: Final = "edi.exchange_away_minutes"
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ExchangeState:
    """When the exchange was looked at, reached the last time, and since when and why it cannot be."""

    address: str
    looked_at: datetime | None
    reached_at: datetime | None
    failing_since: datetime | None
    problem: str


class PickUp:
    """Looks into the inbox, round by round. One process at a time looks; who died is waited for no longer than its lease."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._seen: dict[str, Waiting] = {}

    def __call__(self, runtime: Runtime) -> int:
        """One look; answers how many files were taken in."""
        address = self._exchange.address
        with runtime.database.transaction() as tx:
            if tx.execute(_LEASE, {"address": address}).one_or_none() is None:
                return 0
        try:
            with self._exchange.opened() as session:
                taken = self._look(runtime, session)
        except ExchangeAway as problem:
            _away(runtime, address, problem)
            return 0
        with runtime.database.transaction() as tx:
            tx.execute(_REACHED, {"address": address})
        return taken

    def _look(self, runtime: Runtime, session: Session) -> int:
        waiting = session.waiting()
        still = [each for each in waiting if self._seen.get(each.name) == each][:MOST_AT_ONCE]
        self._seen = {each.name: each for each in waiting}
        for each in still:
            _take(runtime, session, each)
            self._seen.pop(each.name, None)
        return len(still)


def _take(runtime: Runtime, session: Session, waiting: Waiting) -> None:
    """Take in a file and move it away. Who dies between the two takes it in again, and it is known to have come before."""
    try:
        data = session.read(waiting)
    except TooLarge as problem:
        _fail(runtime, session, waiting, problem)
        return
    try:
        with runtime.database.transaction() as tx:
            refused = refusal(take_in(runtime, tx, data, ACTOR))
            if refused is not None:
                raise refused  # noqa: TRY301  # what was kept of it goes with it: the file itself is kept among the failed ones
    except DBAPIError:
        raise  # nothing is wrong with the file: it is taken in at the next look
    except Problem as problem:
        _fail(runtime, session, waiting, problem)
    except Exception as error:  # noqa: BLE001  # one file that nobody foresaw keeps no other from being read
        _log.exception("edi_file_failed", file=waiting.name)
        failure = f"{waiting.name} cannot be taken in: {type(error).__name__}."
        _fail(
            runtime,
            session,
            waiting,
            Problem(failure, code="edi_file", next_step="Ask whoever maintains the product, and send the log along."),
        )
    else:
        session.archive(waiting, data)


def _fail(runtime: Runtime, session: Session, waiting: Waiting, problem: Problem) -> None:
    why = f"{problem.detail} {problem.next_step}".strip()
    kept = session.fail(waiting, why)
    told = f"file {waiting.name}"
    with runtime.database.transaction() as tx:
        next_step = f"{problem.next_step} It lies in failed/{kept}."
        _tell(runtime, tx, kept, {"subject": told, "reason": problem.detail, "next_step": next_step, "group": "order-desk"})
    _log.warning("edi_file_failed", file=waiting.name, kept_as=kept, reason=problem.detail)


def _away(runtime: Runtime, address: str, problem: Problem) -> None:
    """Note that the exchange cannot be reached; whoever is to act is told once, when it has been so for a while."""
    with runtime.database.transaction() as tx:
        row = tx.execute(_FAILING, {"address": address, "problem": problem.detail[:500]}).one()
        minutes = int(chosen(tx, _PATIENCE)[_PATIENCE])
        if tx.execute(_TOO_LONG, {"since": row.failing_since, "minutes": minutes}).scalar_one():
            about = {"subject": f"exchange {address}", "reason": problem.detail, "next_step": problem.next_step, "group": "operator"}
            _tell(runtime, tx, f"{address} {row.failing_since.isoformat()}", about)
    _log.warning("edi_exchange_away", address=address, reason=problem.detail)


def _tell(runtime: Runtime, tx: Transaction, once: str, about: dict[str, str]) -> None:
    key = f"EDI-{sha256(once.encode()).hexdigest()[:16]}"
    asked = Message(TROUBLE, {"trouble": key}, {"trouble": key, **about}, message_id=f"{TROUBLE}:{key}", business_key=key, actor=ACTOR)
    messages.note(runtime, tx, asked)


def state_of(tx: Transaction, address: str) -> ExchangeState:
    """How it stands with the exchange."""
    row = tx.execute(_STATE, {"address": address}).one_or_none()
    return ExchangeState(address, None, None, None, "") if row is None else ExchangeState(*row)


_LEASE = text("""
INSERT INTO edi_exchange AS known (address, looked_at, looking_until) VALUES (:address, now(), now() + interval '5 minutes')
ON CONFLICT (address) DO UPDATE SET looked_at = now(), looking_until = now() + interval '5 minutes' WHERE known.looking_until <= now()
RETURNING address
""")
_REACHED = text("""
UPDATE edi_exchange SET reached_at = now(), failing_since = NULL, problem = '', looking_until = now() WHERE address = :address
""")
_FAILING = text("""
UPDATE edi_exchange SET failing_since = coalesce(failing_since, now()), problem = :problem, looking_until = now() WHERE address = :address
RETURNING failing_since
""")
_TOO_LONG = text("SELECT CAST(:since AS timestamptz) + make_interval(mins => :minutes) <= now()")
_STATE = text("SELECT address, looked_at, reached_at, failing_since, problem FROM edi_exchange WHERE address = :address")
