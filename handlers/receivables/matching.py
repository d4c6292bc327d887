"""The match engine: which open invoices a receipt pays, by which rule, how sure that is, and what else it could be. Pure.

The rules run in the order of domain practice: what a payer names (M1 to M5), what looks like a number of ours (M6), what only the amount
says (M7 to M11), and the oldest first (M12). The decision `match-rule` says of each whether it applies by itself, is shown to a person, or
is not asked. The first that applies ends the search; the others that would fit are shown beside it. The order of what is given changes
nothing, and no invoice is given more than is open on it.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import combinations
from typing import Final

from rapidfuzz.distance import Levenshtein

from handlers.receivables.rules import Cash, Item, Match, discount_available, match, match_of
from handlers.values import total

ZERO, HUNDRED = Decimal(0), Decimal(100)
APPLY, RECOMMEND, OFF = "APPLY", "RECOMMEND", "OFF"
USES: Final = frozenset({APPLY, RECOMMEND, OFF})
RULES: Final = tuple(f"M{number}" for number in range(1, 13))
#: A sum of some of the items is sought among at most so many: more have too many sums.
MOST_SUMMED: Final = 12
#: How many other possibilities are shown.
MOST_SHOWN: Final = 5
#: How a payer was recognised so surely that an amount alone may pay an invoice of his.
_SURE: Final = frozenset({"account", "person", "invoice", "number"})
_WORD: Final = re.compile(r"[A-Z0-9][A-Z0-9\-/.]{2,19}")
_DIGIT: Final = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Rule:
    """What is done with what a rule finds: APPLY from a score of `at_least`, RECOMMEND to a person, or OFF."""

    rule: str
    use: str
    at_least: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Weights:
    """How much of a score, of 100, the customer, the number and the amount make, and from which score something is shown."""

    customer: Decimal = Decimal(20)
    number: Decimal = Decimal(50)
    amount: Decimal = Decimal(30)
    minimum: Decimal = Decimal(60)


_OF_NAMES: Final = frozenset({"M1", "M2", "M3", "M4", "M5"})
#: What is done where no table says otherwise: only what the payer names is applied.
NAMED_ONLY: Final = tuple(Rule(rule, APPLY if rule in _OF_NAMES else OFF) for rule in RULES)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Invoices that a receipt could pay, by which rule, with a score of 100 at most, and why in words."""

    rule: str
    score: Decimal
    why: str
    matches: tuple[Match, ...]

    @property
    def invoices(self) -> tuple[str, ...]:
        """Their numbers."""
        return tuple(each.invoice_no for each in self.matches)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found for one receipt: what is applied, if anything, and the best of what else it could be, the likeliest first."""

    receipt_no: str
    applied: Candidate | None
    others: tuple[Candidate, ...]


def find_matches(
    cash: Sequence[Cash], items: Iterable[Item], rules: Sequence[Rule] = NAMED_ONLY, weights: Weights = Weights()
) -> list[Finding]:  # frozen
    """What each receipt pays, by its number. What is named goes first, of all receipts; then each receipt has what is left."""
    known = {item.invoice_no: item for item in sorted(items, key=_age)}
    owners = _owners(known.values())
    ordered = sorted(cash, key=lambda each: (each.received_on, each.receipt_no))
    uses = {rule.rule: rule for rule in rules}
    left = {number: item.open_amount for number, item in known.items()}
    named = _named(ordered, known, uses, left)
    findings = []
    for one in ordered:
        found = named[one.receipt_no]
        applied = next((each for each in found if _applies(one, each, uses)), None)
        if applied is None:
            found = [*found, *_searched(one, _payable(one, owners, left), left, rules, weights)]
            applied = next((each for each in found if _applies(one, each, uses)), None)
            _take(left, applied)
        shown = [each for each in found if each is not applied and (applied is None or each.invoices != applied.invoices)]
        findings.append(Finding(one.receipt_no, applied, _best(shown)))
    return sorted(findings, key=lambda each: each.receipt_no)


def _age(item: Item) -> tuple[date, date, str]:
    return item.due_date or date.max, item.document_date or date.max, item.invoice_no


def _named(
    ordered: Sequence[Cash], items: Mapping[str, Item], uses: Mapping[str, Rule], left: dict[str, Decimal]
) -> dict[str, list[Candidate]]:
    """What payers named. It takes its part of what is left at once, so that no amount alone has it."""
    found: dict[str, list[Candidate]] = defaultdict(list)
    by_receipt: dict[str, list[Match]] = defaultdict(list)
    for each in match(ordered, items):
        by_receipt[each.receipt_no].append(each)
    for one in ordered:
        matches = tuple(by_receipt.get(one.receipt_no, ()))
        if not matches or uses.get(matches[0].rule, _NEVER).use == OFF:
            continue
        candidate = Candidate(matches[0].rule, _SCORES[matches[0].rule], _sentence(matches), matches)
        found[one.receipt_no].append(candidate)
        if _applies(one, candidate, uses):
            _take(left, candidate)
    return found


_NEVER: Final = Rule("", OFF)
#: How sure what is named is: the amount is a second witness.
_SCORES: Final[Mapping[str, Decimal]] = {"M1": HUNDRED, "M2": HUNDRED, "M3": Decimal(98), "M4": Decimal(95), "M5": Decimal(95)}


def _sentence(matches: Sequence[Match]) -> str:
    said = ", ".join(each.invoice_no for each in matches)
    words = {
        "M1": f"{said} is named, and the amount is what is open.",
        "M2": f"{said} are named, and together they are the amount.",
        "M3": f"{said} is named; the amount differs by little.",
        "M4": f"{said} is named; the amount is less than what is open.",
        "M5": f"{said} is named; the amount is more than what is open.",
    }
    return words[matches[0].rule]


def _take(left: dict[str, Decimal], candidate: Candidate | None) -> None:
    for each in candidate.matches if candidate is not None else ():
        left[each.invoice_no] = max(ZERO, left[each.invoice_no] - each.amount)


def _applies(one: Cash, candidate: Candidate, uses: Mapping[str, Rule]) -> bool:
    rule = uses.get(candidate.rule, _NEVER)
    if rule.use != APPLY or candidate.score < rule.at_least:
        return False
    if candidate.rule in _OF_NAMES:
        return True
    # A sum that happens to fit proves nothing, and a payer who is only guessed pays nothing by an amount.
    return candidate.rule != "M11" and one.recognised_by in _SURE


def _best(found: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The likeliest first, each set of invoices once."""
    ranked: dict[tuple[str, ...], Candidate] = {}
    for each in sorted(found, key=lambda one: (-one.score, RULES.index(one.rule), one.invoices)):
        ranked.setdefault(tuple(sorted(each.invoices)), each)
    return tuple(ranked.values())[:MOST_SHOWN]


# ---- what is searched for a receipt that named nothing


def _owners(items: Iterable[Item]) -> Mapping[str | None, list[Item]]:
    """The invoices by whoever may pay them: their customer, and the one who pays for it. All of them under None."""
    owners: dict[str | None, list[Item]] = defaultdict(list)
    for item in items:
        for who in {item.party_no, item.paid_by or item.party_no, None}:
            owners[who].append(item)
    return owners


def _payable(one: Cash, owners: Mapping[str | None, list[Item]], left: Mapping[str, Decimal]) -> list[Item]:
    """The open invoices that a receipt may be for; of an unknown payer those with its amount, for a person to look at."""
    among = [item for item in owners.get(one.customer_no, ()) if item.currency == one.currency and left[item.invoice_no] > 0]
    return among if one.customer_no is not None else [item for item in among if left[item.invoice_no] == one.amount]


def _searched(one: Cash, items: Sequence[Item], left: Mapping[str, Decimal], rules: Sequence[Rule], weights: Weights) -> list[Candidate]:
    found: list[Candidate] = []
    for rule in rules:
        if rule.use != OFF and rule.rule in _SEARCHES:
            found += _SEARCHES[rule.rule](one, items, left, weights)
    return found


def _fuzzy(one: Cash, items: Sequence[Item], left: Mapping[str, Decimal], weights: Weights) -> list[Candidate]:
    """M6: a word looks like a number of ours. The score weighs the customer, the number and the amount."""
    words = {word for word in _WORD.findall(one.text.upper()) if _DIGIT.search(word)}
    if not words:
        return []
    customer = HUNDRED if one.recognised_by in _SURE else Decimal(50) if one.customer_no else ZERO
    found = []
    for item in items:
        number = max(_likeness(word, item.invoice_no) for word in words)
        amount = _nearness(one.amount, left[item.invoice_no])
        score = (customer * weights.customer + number * weights.number + amount * weights.amount) / HUNDRED
        if number >= weights.minimum and score >= weights.minimum:
            why = f"Something like {item.invoice_no} is written ({number:.0f} %); the amount fits by {amount:.0f} %."
            found.append(Candidate("M6", score.quantize(Decimal(1)), why, (match_of(one, item, left[item.invoice_no], "M6"),)))
    return found


def _likeness(word: str, number: str) -> Decimal:
    """How alike two numbers are, of 100: one less the share of letters that differ, signs and leading zeros left out."""
    plain = [re.sub(r"[^A-Z0-9]", "", each) for each in (word, number)]
    pairs = [plain, [re.sub(r"^[A-Z]*0*", "", each) for each in plain]]
    return max(Decimal(str(Levenshtein.normalized_similarity(*pair))) * HUNDRED if all(pair) else ZERO for pair in pairs)


def _nearness(amount: Decimal, open_amount: Decimal) -> Decimal:
    return max(ZERO, HUNDRED - abs(amount - open_amount) * HUNDRED / max(amount, open_amount))


def _same_amount(one: Cash, items: Sequence[Item], left: Mapping[str, Decimal], _weights: Weights) -> list[Candidate]:
    """M7: exactly one open invoice has this amount, in full or less its discount in time."""
    fits = [item for item in items if one.amount in _asked_for(one, item, left[item.invoice_no])]
    found = [
        Candidate(
            "M7",
            Decimal(90) if len(fits) == 1 else Decimal(60),
            f"{item.invoice_no} is {'the only' if len(fits) == 1 else 'an'} open invoice of this amount.",
            (match_of(one, item, left[item.invoice_no], "M7"),),
        )
        for item in fits
    ]
    return found if len(found) == 1 else [replace(each, rule="M11") for each in found]


def _asked_for(one: Cash, item: Item, open_amount: Decimal) -> set[Decimal]:
    discount = discount_available(item, open_amount)
    in_time = item.discount_date is not None and one.received_on <= item.discount_date
    return {open_amount, open_amount - discount} if in_time else {open_amount}


def _all_of(rule: str, why: str, chosen: Callable[[Cash, Item], bool]) -> Callable[..., list[Candidate]]:
    def search(one: Cash, items: Sequence[Item], left: Mapping[str, Decimal], _weights: Weights) -> list[Candidate]:
        among = [item for item in items if chosen(one, item)]
        if len(among) < 2 or total(left[item.invoice_no] for item in among) != one.amount:  # noqa: PLR2004  # one is M7's
            return []
        return [Candidate(rule, Decimal(90), why, _in_full(one, among, left, rule))]

    return search


def _in_full(one: Cash, items: Sequence[Item], left: Mapping[str, Decimal], rule: str) -> tuple[Match, ...]:
    return tuple(match_of(replace(one, amount=left[item.invoice_no]), item, left[item.invoice_no], rule) for item in items)


def _is_late(one: Cash, item: Item) -> bool:
    return item.due_date is not None and item.due_date < one.received_on


def _of_one_term(one: Cash, items: Sequence[Item], left: Mapping[str, Decimal], _weights: Weights) -> list[Candidate]:
    """M10: what is late under one term of payment comes to the amount, under exactly one term."""
    terms: dict[int, list[Item]] = defaultdict(list)
    for item in items:
        if _is_late(one, item) and item.due_date is not None and item.document_date is not None:
            terms[(item.due_date - item.document_date).days].append(item)
    fits = [group for group in terms.values() if len(group) > 1 and total(left[item.invoice_no] for item in group) == one.amount]
    why = "All that is late under one term of payment comes to this amount."
    return [Candidate("M10", Decimal(85), why, _in_full(one, fits[0], left, "M10"))] if len(fits) == 1 else []


def _one_sum(one: Cash, items: Sequence[Item], left: Mapping[str, Decimal], _weights: Weights) -> list[Candidate]:
    """M11: exactly one choice of invoices comes to the amount. It may still be chance: it is only ever shown to a person."""
    small = [item for item in items if left[item.invoice_no] <= one.amount]
    if not 1 < len(small) <= MOST_SUMMED:
        return []
    fits = []
    for count in range(2, len(small) + 1):
        for chosen in combinations(small, count):
            if total(left[item.invoice_no] for item in chosen) == one.amount:
                fits.append(chosen)
                if len(fits) > 1:
                    return []
    why = "This is the only choice of their open invoices that comes to the amount."
    return [Candidate("M11", Decimal(70), why, _in_full(one, fits[0], left, "M11"))] if fits else []


def _oldest_first(one: Cash, items: Sequence[Item], left: Mapping[str, Decimal], _weights: Weights) -> list[Candidate]:
    """M12: the customer's money goes to the oldest invoices; the last one may stay open in part."""
    if not one.oldest_first:
        return []
    rest, matches = one.amount, []
    for item in items:
        if rest <= 0:
            break
        part = min(rest, left[item.invoice_no])
        matches.append(match_of(replace(one, amount=part), item, left[item.invoice_no], "M12"))
        rest -= part
    why = "It is agreed with this customer that its money goes to what is due first."
    return [Candidate("M12", Decimal(80), why, tuple(matches))] if matches else []


_SEARCHES: Final[Mapping[str, Callable[[Cash, Sequence[Item], Mapping[str, Decimal], Weights], list[Candidate]]]] = {
    "M6": _fuzzy,
    "M7": _same_amount,
    "M8": _all_of("M8", "All their open invoices come to this amount.", lambda _one, _item: True),
    "M9": _all_of("M9", "All their late invoices come to this amount.", _is_late),
    "M10": _of_one_term,
    "M11": _one_sum,
    "M12": _oldest_first,
}
