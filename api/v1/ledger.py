"""The books by hand: exchange rates on file, closed periods."""

from datetime import date

from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from api.auth.roles import Role
from api.requests import operation, person, transaction
from api.v1.shapes import Done, DraftBody, Listing, Page, Shape, listed
from handlers.changes import Author
from handlers.ledger import desk, views

api = APIBlueprint("ledger", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="ledger")])


class RateIn(DraftBody[desk.RateDraft]):
    """What one unit of a currency is worth in the currency of the books, from a day on."""


class PeriodIn(Shape):
    """A stretch of days to be closed for posting, and why."""

    starts_on: date
    ends_on: date
    reason: str = Field("", max_length=2000)


@api.get("/exchange-rates", responses={200: Page[views.Rate]})
@operation(Role.READ)
def list_rates(query: Listing) -> Page[views.Rate]:
    """List exchange rates by currency, the latest first."""
    return listed(views.list_rates(transaction(), query.asked))


@api.post("/exchange-rates", responses={201: Done})
@operation(Role.BOOK)
def file_rate(body: RateIn) -> tuple[Done, int]:
    """File an exchange rate; what waits for it goes on when its step is retried."""
    filed = desk.file_rate(transaction(), body.root, Author(person().name))
    return Done(id=f"{filed.currency}/{filed.valid_from}", state="filed"), 201


@api.get("/periods", responses={200: Page[views.ClosedPeriod]})
@operation(Role.READ)
def list_periods(query: Listing) -> Page[views.ClosedPeriod]:
    """List closed periods, the latest first."""
    return listed(views.list_periods(transaction(), query.asked))


@api.post("/periods", responses={201: Done})
@operation(Role.BOOK)
def close_period(body: PeriodIn) -> tuple[Done, int]:
    """Close a stretch of days for posting: what belongs to it is posted on the next open day."""
    desk.close(transaction(), body.starts_on, body.ends_on, Author(person().name, body.reason))
    return Done(id=f"{body.starts_on}/{body.ends_on}", state="closed"), 201
