"""Looks whether parties of orders are on a list of denied parties: at intake, and again when a party or a list has changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from engine.store import locks
from engine.store.locks import Lock
from handlers.orders.holds import apply_hold
from handlers.parties.policy import chosen
from handlers.rowsets import as_json
from handlers.screening.rules import Entries, Entry, party_key, plain

#: Orders that one round of a run screens.
MOST_IN_A_ROUND = 200
#: The lists as this process has read them last: by database and version, one state at most.
_READ: dict[tuple[Any, ...], Entries] = {}


@dataclass(frozen=True, slots=True)
class Suspicion:
    """An order that was put on hold now because of somebody on a list."""

    order_no: str
    hold_id: int


def screen_orders(tx: Session, order_nos: Sequence[str]) -> list[Suspicion]:
    """Screen the parties of some orders; those with an undecided match are put on hold. Answers the holds that are new.

    A match that was decided false for this very pair of party and entry is none. A constant number of statements, and one a new hold.
    """
    version = tx.execute(_VERSION).scalar() if order_nos else None
    if version is None:  # without a list there is nobody to look for; the first one has every open order screened
        return []
    locks.take(tx, Lock.ORDER, order_nos)
    parties = tx.execute(_PARTIES, {"order_nos": list(order_nos)}).mappings().all()
    hits = _hits(tx, parties, version)
    tx.execute(_GONE, {"order_nos": list(order_nos), "hits": as_json(hits)})
    if hits:
        tx.execute(_KEEP, {"hits": as_json(hits)})
    seen = as_json([{"order_no": order_no, "parties": _written(parties, order_no)} for order_no in order_nos])
    tx.execute(_SCREENED, {"seen": seen, "version": version})
    suspicions = []
    for row in tx.execute(_OPEN_HITS, {"order_nos": list(order_nos)}).mappings().all() if hits else ():
        hold_id = apply_hold(tx, row["order_no"], "DENIED_PARTY", row["said"], actor="screening")
        suspicions += [Suspicion(row["order_no"], hold_id)] if hold_id is not None else []
    return suspicions


def screen_open_orders(tx: Session) -> tuple[list[Suspicion], bool]:
    """Screen the open orders whose parties, or whose lists, are not what they were screened with; answer also whether more are left."""
    due = list(tx.execute(_DUE, {"most": MOST_IN_A_ROUND + 1}).scalars())
    return screen_orders(tx, sorted(due[:MOST_IN_A_ROUND])), len(due) > MOST_IN_A_ROUND


def raise_version(tx: Session) -> None:
    """The lists have changed: every open order is to be screened again."""
    tx.execute(_RAISE)


def _hits(tx: Session, parties: Sequence[RowMapping], version: int) -> list[dict[str, Any]]:
    numbers = chosen(tx, "screening.same_country_score", "screening.other_country_score")
    entries = _entries(tx, version)
    found: dict[tuple[str, str], Any] = {}
    hits = []
    for row in parties:
        asked = (row["name"], row["country"])
        if asked not in found:
            found[asked] = entries.like(
                *asked, same_country=numbers["screening.same_country_score"], other_country=numbers["screening.other_country_score"]
            )
        hits += [
            {
                "order_no": row["order_no"],
                "role": row["role"],
                "party_name": row["name"],
                "country": row["country"],
                "denied_party_id": match.entry.id,
                "matched_name": match.name,
                "score": match.score,
                "party_key": party_key(*asked),
                "entry_key": match.entry.key,
            }
            for match in found[asked]
        ]
    return hits


def _entries(tx: Session, version: int) -> Entries:
    key = (*tx.execute(_STATE).one(), version)
    if key not in _READ:
        rows = tx.execute(_ENTRIES).all()
        read = Entries(
            [
                Entry(id=row.id, names=tuple(plain(name) for name in row.names.split(";") if name.strip()), country=row.country.upper())
                for row in rows
            ]
        )
        _READ.clear()
        _READ[key] = read
    return _READ[key]


def _written(parties: Sequence[RowMapping], order_no: str) -> str:
    return "\n".join(f"{row['name']}|{row['country']}" for row in parties if row["order_no"] == order_no)


@dataclass(frozen=True, slots=True)
class OpenMatch:
    """A match that nobody has decided, as a person sees it. `remark` says what was decided of the same pair before."""

    hit_id: int
    role: str
    party: str
    country: str
    list_code: str
    entry_no: str
    matched_name: str
    entry_country: str
    score: Decimal
    why_listed: str
    remark: str


def open_matches(tx: Session, order_no: str) -> list[OpenMatch]:
    """The matches of an order that nobody has decided, the likest first."""
    return [OpenMatch(**row) for row in tx.execute(_MATCHES, {"order_no": order_no}).mappings()]


def decide(tx: Session, order_no: str, hit_ids: Sequence[int], ruling: tuple[bool, str], actor: str) -> int:
    """Decide matches that somebody has looked at: (whether it is them, why). It is remembered for each pair. Answers how many."""
    locks.take(tx, Lock.ORDER, [order_no])
    is_them, reason = ruling
    given = {"order_no": order_no, "ids": list(hit_ids), "verdict": "TRUE" if is_them else "FALSE", "reason": reason, "actor": actor}
    return len(tx.execute(_DECIDE, given).all())


#: The parties as the order names them; of the customer as it is on file now.
_PARTY_ROWS = """
SELECT orders.order_no, party.role, party.name, party.country, party.place
FROM sales_order AS orders JOIN customer USING (customer_no)
CROSS JOIN LATERAL (VALUES
  (1, 'customer', customer.name, customer.country),
  (2, 'ship-to', coalesce(orders.ship_to->>'name', ''), coalesce(orders.ship_to->>'country', '')),
  (3, 'bill-to', coalesce(orders.bill_to->>'name', ''), coalesce(orders.bill_to->>'country', ''))
) AS party(place, role, name, country)
WHERE party.name <> ''
"""
_PARTIES = text(f"{_PARTY_ROWS} AND orders.order_no = ANY(:order_nos) ORDER BY orders.order_no, party.place")
_VERSION = text("SELECT version_no FROM denied_party_lists WHERE name = 'all'")
# Which transaction wrote the version: a database that was restored may count up to the same one with other entries.
_STATE = text("SELECT current_database(), (SELECT CAST(xmin AS text) FROM denied_party_lists WHERE name = 'all')")
_RAISE = text("""
INSERT INTO denied_party_lists (name, version_no) VALUES ('all', 1)
ON CONFLICT (name) DO UPDATE SET version_no = denied_party_lists.version_no + 1
""")
_ENTRIES = text("SELECT id, names, country FROM denied_party WHERE NOT delisted ORDER BY id")
_GIVEN = """
jsonb_to_recordset(CAST(:hits AS jsonb)) AS given(order_no text, role text, party_name text, country text, denied_party_id bigint,
  matched_name text, score numeric, party_key text, entry_key text)
"""
_GONE = text(f"""
UPDATE screening_hit AS hit SET verdict = 'GONE'
WHERE hit.order_no = ANY(:order_nos) AND hit.verdict = '' AND NOT EXISTS (
  SELECT FROM {_GIVEN} WHERE given.order_no = hit.order_no AND given.role = hit.role AND given.denied_party_id = hit.denied_party_id
    AND given.party_key = hit.party_key AND given.entry_key = hit.entry_key)
""")
_KEEP = text(f"""
INSERT INTO screening_hit (order_no, role, party_name, country, denied_party_id, matched_name, score, party_key, entry_key, verdict)
SELECT given.*, CASE WHEN (
    SELECT decision.verdict FROM screening_decision AS decision
    WHERE decision.party_key = given.party_key AND decision.denied_party_id = given.denied_party_id AND decision.entry_key = given.entry_key
    ORDER BY decision.id DESC LIMIT 1
  ) = 'FALSE' THEN 'FALSE' ELSE '' END
FROM {_GIVEN}
ON CONFLICT (order_no, role, denied_party_id, party_key, entry_key) DO UPDATE SET verdict = ''
WHERE screening_hit.verdict = 'GONE'
""")
_SCREENED = text("""
INSERT INTO screening (order_no, parties, version_no)
SELECT given.order_no, given.parties, :version FROM jsonb_to_recordset(CAST(:seen AS jsonb)) AS given(order_no text, parties text)
ON CONFLICT (order_no) DO UPDATE SET parties = excluded.parties, version_no = excluded.version_no, screened_at = business_now()
""")
_OPEN_HITS = text("""
SELECT hit.order_no, string_agg(DISTINCT hit.party_name || ' is like ' || listed.names || ' of ' || listed.list_code || ' '
    || listed.entry_no || ' (' || trim_scale(hit.score) || ' of 100)', '; ') AS said
FROM screening_hit AS hit JOIN denied_party AS listed ON listed.id = hit.denied_party_id
WHERE hit.order_no = ANY(:order_nos) AND hit.verdict = '' GROUP BY hit.order_no ORDER BY hit.order_no
""")
_DUE = text(f"""
SELECT orders.order_no FROM sales_order AS orders JOIN order_status AS derived USING (order_no)
LEFT JOIN screening AS seen ON seen.order_no = orders.order_no
WHERE derived.status IN ('DRAFT', 'SUBMITTED', 'PROCESSING', 'PARTIALLY_SHIPPED')
  AND (SELECT count(*) FROM denied_party_lists) > 0
  AND (seen.version_no IS DISTINCT FROM (SELECT version_no FROM denied_party_lists WHERE name = 'all') OR seen.parties <> (
    SELECT string_agg(party.name || '|' || party.country, E'\\n' ORDER BY party.place)
    FROM ({_PARTY_ROWS}) AS party WHERE party.order_no = orders.order_no))
ORDER BY orders.order_no LIMIT :most
""")
_MATCHES = text("""
SELECT hit.id AS hit_id, hit.role, hit.party_name AS party, hit.country, listed.list_code, listed.entry_no, listed.names AS matched_name,
  listed.country AS entry_country, trim_scale(hit.score) AS score, listed.reason AS why_listed,
  coalesce((
    SELECT CASE decision.verdict WHEN 'TRUE' THEN 'Decided before that it is them: ' || decision.reason ELSE '' END
    FROM screening_decision AS decision
    WHERE decision.party_key = hit.party_key AND decision.denied_party_id = hit.denied_party_id AND decision.entry_key = hit.entry_key
    ORDER BY decision.id DESC LIMIT 1), '') AS remark
FROM screening_hit AS hit JOIN denied_party AS listed ON listed.id = hit.denied_party_id
WHERE hit.order_no = :order_no AND hit.verdict = '' ORDER BY hit.score DESC, hit.id
""")
_DECIDE = text("""
WITH ruled AS (
  UPDATE screening_hit SET verdict = :verdict, decided_at = business_now()
  WHERE order_no = :order_no AND id = ANY(:ids) AND verdict = '' RETURNING party_key, denied_party_id, entry_key
)
INSERT INTO screening_decision (party_key, denied_party_id, entry_key, verdict, reason, decided_by)
SELECT DISTINCT party_key, denied_party_id, entry_key, :verdict, :reason, :actor FROM ruled RETURNING id
""")
