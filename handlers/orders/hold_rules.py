"""The catalogue of holds as it is delivered: what each kind stops, who puts it on and who takes it off. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

#: Stages in the order in which an order passes them; a hold that blocks a stage blocks the later ones too.
STAGES = ("submit", "promise", "release", "ship", "invoice")


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldKind:
    """A kind of hold: what it stops, who puts it on by hand, who takes it off, and how it ends or is asked again."""

    code: str
    sentence: str
    #: The first stage that it stops.
    blocks: str
    #: The groups that may put it on by hand; none where only a process does.
    applied_by: tuple[str, ...] = ()
    release_group: str
    #: Whoever put it on or entered the order may not take it off.
    by_another: bool = False
    #: It ends by itself after so many days (None: never, unless whoever puts it on names a day).
    ends_after_days: int | None = None
    #: Whoever decides that it stays is asked again after so many days.
    ask_again_days: int = 7
    #: `order-hold` asks the group that takes it off; not where the process that put it on asks.
    has_task: bool = True

    def stops(self, stage: str) -> bool:
        """Whether an active hold of this kind stops a stage."""
        return STAGES.index(self.blocks) <= STAGES.index(stage)


def stopping(stage: str) -> tuple[str, ...]:
    """What a hold may block to stop a stage too: the stage and the earlier ones."""
    return STAGES[: STAGES.index(stage) + 1]


_DESK = ("order-desk",)
#: The catalogue as it is delivered; what the company has changed or added stands in the table `hold_kind`.
HOLDS: Mapping[str, HoldKind] = {
    kind.code: kind
    for kind in (
        HoldKind(
            code="ACCOUNT_HOLD",
            sentence="The customer's account is on hold.",
            blocks="submit",
            applied_by=("credit", "accounts-receivable"),
            release_group="credit",
        ),
        HoldKind(
            code="FRAUD",
            sentence="The order looks fraudulent.",
            blocks="submit",
            applied_by=("compliance", "credit", "order-desk"),
            release_group="compliance",
            by_another=True,
            ask_again_days=1,
        ),
        HoldKind(
            code="DENIED_PARTY",
            sentence="A party may be on a list of denied parties.",
            blocks="submit",
            applied_by=("compliance",),
            release_group="compliance",
            by_another=True,
            ask_again_days=1,
            has_task=False,
        ),
        HoldKind(
            code="CREDIT_CHECK_FAILURE",
            sentence="The credit check failed.",
            blocks="promise",
            applied_by=("credit",),
            release_group="credit",
            has_task=False,
        ),
        HoldKind(
            code="PRICE_DISCREPANCY",
            sentence="The customer's price differs from ours.",
            blocks="release",
            applied_by=("deal-desk",),
            release_group="deal-desk",
            has_task=False,
        ),
        HoldKind(
            code="DUPLICATE_PO",
            sentence="The same purchase order was received before.",
            blocks="release",
            applied_by=_DESK,
            release_group="order-desk",
            ask_again_days=1,
        ),
        HoldKind(
            code="PREPAYMENT_DUE",
            sentence="A deposit is to be paid first.",
            blocks="release",
            applied_by=("credit",),
            release_group="credit",
            has_task=False,
        ),
        HoldKind(
            code="CUSTOMER_REQUEST",
            sentence="The customer asked us to wait.",
            blocks="release",
            applied_by=(*_DESK, "sales"),
            release_group="order-desk",
        ),
        HoldKind(code="MANUAL", sentence="Somebody asked us to wait.", blocks="release", applied_by=_DESK, release_group="order-desk"),
        HoldKind(
            code="ADDRESS",
            sentence="The address cannot be delivered to.",
            blocks="ship",
            applied_by=(*_DESK, "warehouse"),
            release_group="order-desk",
            ask_again_days=1,
        ),
        HoldKind(
            code="EXPORT_LICENSE",
            sentence="An export licence is missing.",
            blocks="ship",
            applied_by=("compliance", "order-desk"),
            release_group="compliance",
            by_another=True,
        ),
        HoldKind(
            code="TAX",
            sentence="The tax cannot be worked out.",
            blocks="invoice",
            applied_by=(*_DESK, "finance"),
            release_group="order-desk",
            ask_again_days=1,
        ),
        HoldKind(
            code="BILLING",
            sentence="A question about tax or price is open.",
            blocks="invoice",
            applied_by=(*_DESK, "accounts-receivable"),
            release_group="accounts-receivable",
        ),
    )
}
