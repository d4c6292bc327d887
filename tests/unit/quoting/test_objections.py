"""When an acceptance counts and until when a quote can be extended: each boundary, to the second."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from handlers.quoting.rules import LONGEST_EXTENSION, Answerable, Offer, extension_problem, objection, too_late

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)
OPEN = Offer(state="SENT", now=NOW, valid_until=NOW, approved_at=NOW - timedelta(days=14), approval_days=14, hash_is_approved=True)


def test_an_acceptance_in_the_last_second_of_validity_and_of_approval_counts():
    assert objection(OPEN) == ""
    assert objection(replace(OPEN, valid_until=None)) == ""


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"state": "PENDING_APPROVAL"}, "The quote is pending approval, not open for acceptance."),
        ({"valid_until": NOW - SECOND}, "The quote was valid until 2026-03-10."),
        ({"hash_is_approved": False}, "The quote was changed after its approval."),
        ({"approved_at": NOW - timedelta(days=14) - SECOND}, "The approval is older than 14 days."),
        ({"approved_at": None}, "The approval is older than 14 days."),
        ({"customer_active": False}, "The customer is not active any more."),
        ({"requires_po": True}, "The customer requires a purchase order number; the acceptance has none."),
        ({"customer_po": "X", "po_is_well_formed": False}, "'X' does not look like a purchase order number of the customer."),
        ({"po_used_for": "SO-000001"}, "The purchase order was used for SO-000001 already."),
    ],
)
def test_each_objection_is_told_alone(change, told):
    assert objection(replace(OPEN, **change)) == told


def test_a_required_purchase_order_that_is_given_is_no_objection():
    assert objection(replace(OPEN, requires_po=True, customer_po="PO-1")) == ""


@pytest.mark.parametrize(
    ("until", "problem"),
    [
        (NOW, "must lie in the future"),
        (NOW + SECOND, ""),
        (NOW + LONGEST_EXTENSION, ""),
        (NOW + LONGEST_EXTENSION + SECOND, "must lie within a year"),
    ],
)
def test_a_quote_that_expired_is_extended_into_the_future_by_a_year_at_most(until, problem):
    assert extension_problem(until, valid_until=NOW - timedelta(days=1), now=NOW) == problem


def test_an_extension_is_no_shortening():
    until = NOW + timedelta(days=30)
    told = "must be later than 2026-04-09, until when it is valid now"
    assert extension_problem(until, valid_until=until, now=NOW) == told
    assert extension_problem(until + SECOND, valid_until=until, now=NOW) == ""


def test_a_quote_that_never_had_an_end_may_be_given_any_within_a_year():
    assert extension_problem(NOW + SECOND, valid_until=None, now=NOW) == ""
    assert extension_problem(NOW + LONGEST_EXTENSION + SECOND, valid_until=None, now=NOW) == "must lie within a year"


SENT = Answerable(state="SENT", now=NOW, valid_until=NOW, accepts=True)


def test_a_quote_that_was_sent_takes_an_answer_to_its_last_second():
    assert too_late(SENT) is None
    assert too_late(replace(SENT, valid_until=None)) is None


@pytest.mark.parametrize(
    ("change", "code", "because"),
    [
        ({"state": "ORDERED", "order_no": "SO-7"}, "quote_answered", "was accepted and is order SO-7"),
        ({"state": "PARTIALLY_ORDERED", "order_no": "SO-7"}, "quote_answered", "was accepted and is order SO-7"),
        ({"state": "LOST"}, "quote_answered", "is lost"),
        ({"state": "WITHDRAWN"}, "quote_withdrawn", "was withdrawn"),
        ({"state": "EXPIRED"}, "quote_expired", "was valid until 2026-03-10"),
        ({"state": "APPROVED"}, "quote_not_sent", "was not sent yet"),
        ({"now": NOW + SECOND}, "quote_expired", "was valid until 2026-03-10"),
        ({"now": NOW + SECOND, "under_way": "accepted"}, "quote_answered", "was accepted already, and that is being worked on"),
    ],
)
def test_a_quote_that_takes_no_answer_says_why_and_what_to_do_instead(change, code, because):
    told = too_late(replace(SENT, **change))
    assert (told.code, told.because) == (code, because)
    assert told.next_step


def test_a_quote_whose_time_is_over_can_still_be_declined_withdrawn_or_extended():
    assert too_late(replace(SENT, now=NOW + SECOND, accepts=False)) is None
