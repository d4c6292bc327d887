"""How long an approval of credit covers the release of goods, to the second and to the day."""

from datetime import UTC, date, datetime, timedelta

import pytest

from handlers.credit.rules import Approval, covers

DECIDED = datetime(2026, 3, 2, 9, tzinfo=UTC)
SEVEN, THIRTY = timedelta(days=7), timedelta(days=30)


def covered(*, after: timedelta = timedelta(), ships_on: date = date(2026, 3, 5), of_group: bool = False) -> bool:
    approval = Approval(decided_at=DECIDED, decided_on=DECIDED.date(), of_group=of_group)
    return covers(approval, now=DECIDED + after, ships_on=ships_on, valid_for=SEVEN, horizon=THIRTY)


@pytest.mark.parametrize(("after", "stands"), [(SEVEN, True), (SEVEN + timedelta(seconds=1), False)])
def test_an_approval_holds_for_seven_days_to_the_second(after, stands):
    assert covered(after=after) is stands


@pytest.mark.parametrize(("ships_on", "stands"), [(date(2026, 4, 1), True), (date(2026, 4, 2), False)])
def test_what_ships_on_the_last_day_of_the_horizon_counted_and_a_day_later_did_not(ships_on, stands):
    assert covered(ships_on=ships_on) is stands


def test_a_group_that_was_asked_for_itself_is_covered_however_far_it_is_but_not_for_longer():
    far = date(2027, 1, 1)
    assert covered(ships_on=far, of_group=True)
    assert not covered(ships_on=far, of_group=True, after=SEVEN + timedelta(seconds=1))
