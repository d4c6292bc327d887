"""Numbers that are ours to choose: each has a default and a sentence here, and a row in `policy` where the company chose another."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.store.memo import read_once
from handlers.parties.model import Policy
from handlers.values import not_negative


@dataclass(frozen=True, slots=True)
class Choice:
    """A number to choose: what it is when nobody chose, and what it means."""

    default: Decimal
    sentence: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """A number to choose, and what it is now."""

    name: str
    value: Decimal
    default: Decimal
    sentence: str


def _choice(default: str, sentence: str) -> Choice:
    return Choice(Decimal(default), sentence)


#: Where the numbers begin above which an act takes a second person.
SECOND_PERSON = "second_person."
CHOICES: Mapping[str, Choice] = {
    "second_person.days": _choice("14", "What waits for a second person is confirmed within this many days, or expires."),
    "second_person.credit": _choice("2000000", "A second person confirms that a customer may owe more than this, in its currency."),
    "second_person.write_off": _choice("50", "A second person confirms that more than this is written off, in the currency of the books."),
    "second_person.late_charge": _choice(
        "50", "A second person confirms that more than this of a late charge is waived, in the currency of the books."
    ),
    "second_person.instances": _choice(
        "100", "A second person confirms that more instances than this are cancelled or taken over at once."
    ),
    "price.most_over_list_pct": _choice("20", "A net price more than this far above the list price is taken for a typing error."),
    "quote.valid_days": _choice("30", "A quote may be accepted for this many days after it was sent."),
    "quote.approval_days": _choice("14", "An approval holds for this many days."),
    "order.duplicate_po_days": _choice("180", "The same customer purchase order within this many days is held as a duplicate."),
    "order.total_tolerance": _choice("0.01", "The stated total may differ from ours by this much."),
    "credit.horizon_days": _choice("30", "Booked lines shipping later than this do not count as exposure."),
    "screening.same_country_score": _choice(
        "88", "A name this like one of a list of denied parties is looked at, of 100, where the country fits."
    ),
    "screening.other_country_score": _choice(
        "95", "A name this like one of a list of denied parties is looked at, of 100, where the country is another."
    ),
    "promise.most_splits": _choice("3", "A line is split over at most this many fulfilment lines."),
    "promise.past_due_days": _choice("3", "Expected supply that is late counts for this many days more."),
    "promise.reserve_within_days": _choice("5", "Stock is reserved at once for what ships within this many days."),
    "promise.within_days": _choice("365", "Availability is searched this many days ahead."),
    "promise.most_in_a_round": _choice("100", "A backorder run promises this many orders at once, then lets others in."),
    "edi.exchange_away_minutes": _choice("15", "When the EDI exchange cannot be reached for this many minutes, an operator is told."),
    "edi.change_waits_minutes": _choice(
        "60", "A change that came by EDI before its order waits for it this many minutes; then the order desk decides."
    ),
    "match.weight_customer": _choice("20", "Of a score of 100 that an invoice is meant, this much is the customer's."),
    "match.weight_number": _choice("50", "Of a score of 100 that an invoice is meant, this much is the likeness of the number."),
    "match.weight_amount": _choice("30", "Of a score of 100 that an invoice is meant, this much is the nearness of the amount."),
    "match.minimum": _choice("60", "An invoice that may be meant is shown to a person from this score on, of 100."),
    "promise_to_pay.grace_days": _choice("2", "A promise to pay is broken when the money is not here this many days after its day."),
    "reminder.interval_days": _choice("10", "An overdue invoice is looked at again this many days later."),
    "reminder.pay_within_days": _choice("7", "A reminder asks for payment within this many days of its date."),
    "dropship.bill_days": _choice("30", "A supplier's bill is asked for this many days after its goods were delivered."),
    "dropship.reminded_bill_days": _choice("7", "A supplier that was reminded of its bill is asked again this many days later."),
    "release.credit_check_days": _choice("7", "A credit check older than this is repeated before release."),
}


def choose(tx: Session, name: str, value: Decimal) -> None:
    """Choose a number. Raises NotFound for an unknown name, Invalid for a negative number."""
    _known(name)
    not_negative(value, name)
    tx.execute(insert(Policy).values(name=name, value=value).on_conflict_do_update(index_elements=["name"], set_={"value": value}))


def chosen(tx: Session, *names: str) -> dict[str, Decimal]:
    """The numbers of those names, in one statement a transaction."""
    numbers = {name: _known(name).default for name in names}
    now = _chosen_now(tx)
    return numbers | {name: now[name] for name in names if name in now}


def list_choices(tx: Session) -> list[Chosen]:
    """Every number there is to choose, with what it is now."""
    now = _chosen_now(tx)
    return [Chosen(name, now.get(name, choice.default), choice.default, choice.sentence) for name, choice in sorted(CHOICES.items())]


def _chosen_now(tx: Session) -> Mapping[str, Decimal]:
    """What the company has chosen otherwise than the defaults."""
    return read_once(
        tx, Policy, lambda: {row.name: row.value for row in tx.execute(select(Policy.name, Policy.value))}, of=[Policy.__tablename__]
    )


def _known(name: str) -> Choice:
    if name not in CHOICES:
        raise NotFound(f"There is no policy {name!r}.", code="policy_unknown", next_step=f"Use one of {', '.join(sorted(CHOICES))}.")
    return CHOICES[name]


class PolicyThresholds:
    """Tells the runtime above which numbers an act takes a second person."""

    def above(self, tx: Session, name: str) -> Decimal:
        """The number as the company has chosen it, or its default. Raises NotFound for an unknown name."""
        return chosen(tx, name)[name]
