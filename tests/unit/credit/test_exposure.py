"""What a customer's exposure is."""

from decimal import Decimal

from handlers.credit.rules import Account


def D(value) -> Decimal:  # noqa: N802
    return Decimal(str(value))


def test_exposure_is_what_is_owed_sent_and_booked_less_what_is_paid_or_secured():
    account = Account(
        credit_limit=D(10000),
        tolerance_pct=D(5),
        open_ar=D(4000),
        overdue=D(1000),
        unapplied=D(500),
        shipped_not_invoiced=D(800),
        booked_not_shipped=D(700),
        secured=D(1000),
    )
    assert (account.exposure, account.available, account.overdue_share_pct) == (D(4000), D(6500), D(25))


def test_a_customer_in_credit_has_no_exposure_and_no_more_than_the_limit():
    account = Account(credit_limit=D(100), unapplied=D(5000))
    assert (account.exposure, account.available) == (0, 100)


def test_a_customer_above_the_limit_has_less_than_nothing_left():
    assert Account(credit_limit=D(100), open_ar=D(150)).available == D(-50)


def test_nothing_owed_is_nothing_overdue():
    assert Account(credit_limit=D(100)).overdue_share_pct == 0
