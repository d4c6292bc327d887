"""Whom a paper of the house is addressed to."""

from collections.abc import Collection, Mapping


def addressee(customer: Mapping[str, str], place: Mapping[str, str], places_of_delivery: Collection[str] = ()) -> dict[str, str]:
    """The customer (`name`, `country`) by its legal name, at the address for bills.

    A department of that address stays as a second line; the name of a place of delivery does not.
    """
    department = place.get("name", "")
    if department in {customer["name"], *places_of_delivery}:
        department = ""
    return dict(place) | {"name": customer["name"], "department": department, "country": place.get("country") or customer["country"]}
