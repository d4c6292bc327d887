"""When to release, how packages are numbered, what a consignment costs. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from hashlib import sha256
from zoneinfo import ZoneInfo

from handlers.values import round_currency

_SATURDAY = 5


def release_moment(ship_date: date, handling_days: int, time_zone: str) -> datetime:
    """The start, at the warehouse, of the working day that leaves enough days to pick and pack."""
    day = ship_date
    left = handling_days
    while left > 0 or day.weekday() >= _SATURDAY:
        day -= timedelta(days=1)
        if day.weekday() < _SATURDAY:
            left -= 1
    return datetime.combine(day, time(0), ZoneInfo(time_zone)).astimezone(UTC)


def sscc(gln: str, serial: int) -> str:
    """A serial shipping container code: our company's prefix, a serial number, and the check digit of GS1."""
    prefix = "".join(character for character in gln if character.isdigit())[:9].ljust(9, "0")
    body = f"0{prefix}{serial % 10_000_000:07d}"
    return body + check_digit(body)


def check_digit(body: str) -> str:
    """The check digit GS1 puts after a number."""
    weighted = sum(int(digit) * (3 if position % 2 == 0 else 1) for position, digit in enumerate(reversed(body)))
    return str(-weighted % 10)


def weights(total_kg: Decimal, packages: int) -> list[Decimal]:
    """The weight spread evenly over the packages to the gram; the last takes what is left."""
    each = (total_kg / packages).quantize(Decimal("0.001"), rounding="ROUND_DOWN")
    return [each] * (packages - 1) + [total_kg - each * (packages - 1)]


@dataclass(frozen=True, slots=True)
class Zone:
    """What carriage to some countries costs: a base, and a price for each kilogram begun."""

    code: str
    countries: frozenset[str]
    base: Decimal
    per_kg: Decimal
    service: str


def zone_of(country: str, home: str, zones: Sequence[Zone]) -> Zone | None:
    """The first zone that serves a country; the zone without countries serves home."""
    return next((zone for zone in zones if country in zone.countries or (not zone.countries and country == home)), None)


def rate(zone: Zone, weight_kg: Decimal, packages: int, currency: str) -> Decimal:
    """What a consignment costs: the base for each package, and every kilogram begun."""
    kilograms = weight_kg.to_integral_value(rounding="ROUND_CEILING")
    return round_currency(zone.base * packages + zone.per_kg * kilograms, currency)


def tracking_number(key: str) -> str:
    """A tracking number that is the same whenever the same booking is repeated."""
    digits = f"{int(sha256(key.encode()).hexdigest(), 16) % 10**11:011d}"
    return f"OC{digits}{check_digit(digits)}"
