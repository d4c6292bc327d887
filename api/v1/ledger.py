"""The books by hand: exchange rates on file, closed periods, journals that a person writes."""

from datetime import date

from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from api.auth.roles import Role
from api.product import product
from api.requests import operation, person, transaction
from api.second_person import Answer, PendingOut, act
from api.v1.shapes import Done, DraftBody, Listing, Page, Shape, listed
from handlers.changes import Author
from handlers.closing import commands as closing
from handlers.closing import views as closes
from handlers.closing.guarded import Reopening
from handlers.ledger import commands, views
from handlers.ledger.manual import ManualJournal

api = APIBlueprint("ledger", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="ledger")])


class RateIn(DraftBody[commands.RateDraft]):
    """What one unit of a currency is worth in the currency of the books, from a day on."""


class PeriodIn(Shape):
    """Days in which nothing was posted, to be closed for posting, and why."""

    starts_on: date
    ends_on: date
    reason: str = Field("", max_length=2000)


class PeriodPath(Shape):
    """A closed period by its first day."""

    starts_on: date


class CloseIn(Shape):
    """A month to be closed, such as `2026-02`."""

    period: str = Field(min_length=7, max_length=7)


class ReopenIn(Shape):
    """Why the period is opened again."""

    reason: str = Field(min_length=3, max_length=2000)


class ManualJournalIn(DraftBody[ManualJournal]):
    """A journal by hand: it balances, and touches no account that the business keeps by itself."""


class ManualQuery(Listing):
    """Which journals by hand to list: all, or those in a state."""

    state: str = Field("", pattern="^(WRITTEN|POSTED|WITHDRAWN)?$")


@api.get("/exchange-rates", responses={200: Page[views.Rate]})
@operation(Role.READ)
def list_rates(query: Listing) -> Page[views.Rate]:
    """List exchange rates by currency, the latest first."""
    return listed(views.list_rates(transaction(), query.asked))


@api.post("/exchange-rates", responses={201: Done})
@operation(Role.BOOK)
def file_rate(body: RateIn) -> tuple[Done, int]:
    """File an exchange rate; what waits for it goes on when its step is retried."""
    filed = commands.file_rate(transaction(), body.root, Author(person().name))
    return Done(id=f"{filed.currency}/{filed.valid_from}", state="filed"), 201


@api.get("/periods", responses={200: Page[views.ClosedPeriod]})
@operation(Role.READ)
def list_periods(query: Listing) -> Page[views.ClosedPeriod]:
    """List closed periods, the latest first."""
    return listed(views.list_periods(transaction(), query.asked))


@api.post("/periods", responses={201: Done})
@operation(Role.BOOK)
def close_period(body: PeriodIn) -> tuple[Done, int]:
    """Close days in which nothing happened, such as those before the books began; else 409 says what is open.

    A month with journals is closed through `/period-closes`. What belongs to closed days is posted on the next open day.
    """
    closing.close_empty(transaction(), body.starts_on, body.ends_on, Author(person().name, body.reason))
    return Done(id=f"{body.starts_on}/{body.ends_on}", state="closed"), 201


@api.post("/periods/<string:starts_on>/reopen", responses={202: PendingOut})
@operation(Role.BOOK)
def reopen_period(path: PeriodPath, body: ReopenIn) -> Answer:
    """Ask that a closed period be opened for posting again; a second person confirms it."""
    given = Reopening(starts_on=path.starts_on)
    return act("period.reopen", given, body.reason, lambda period: (Done(id=period, state="open"), 200))


@api.get("/period-closes", responses={200: Page[closes.CloseRow]})
@operation(Role.READ)
def list_period_closes(query: Listing) -> Page[closes.CloseRow]:
    """List the months that are or were being closed, the latest first, with what the last check found."""
    return listed(closes.list_closes(transaction(), query.asked))


@api.post("/period-closes", responses={202: Done})
@operation(Role.BOOK)
def begin_period_close(body: CloseIn) -> tuple[Done, int]:
    """Begin to close a month that has ended: what is open in it becomes a task of accounting."""
    period = closing.begin_close(product().runtime, transaction(), body.period, Author(person().name))
    return Done(id=period, state="closing"), 202


@api.get("/manual-journals", responses={200: Page[views.ManualEntryRow]})
@operation(Role.SEE_BOOKS)
def list_manual_journals(query: ManualQuery) -> Page[views.ManualEntryRow]:
    """List journals that were written by hand, the latest first: WRITTEN ones wait for a second person."""
    return listed(views.list_manual_entries(transaction(), query.state, query.asked))


@api.post("/manual-journals", responses={202: Done})
@operation(Role.BOOK)
def write_journal(body: ManualJournalIn) -> tuple[Done, int]:
    """Write a journal by hand; a second person is asked to agree, and then it is posted. The same reference is written once."""
    reference = commands.begin_manual_journal(product().runtime, transaction(), body.root, person().name)
    return Done(id=reference, state="written"), 202
