import io
from decimal import Decimal

import pytest
from pypdf import PdfReader

from handlers.fulfillment.ports import Consignment, Parcel, Place
from handlers.fulfillment.rate_table import RateTable

US = Place("Ordercraft", "Hafenstraße 1", "Hamburg", "20457", "DE")


def label(country, *weights):
    receiver = Place("Indifferent Mirror GmbH", "Hauptstraße 1", "Wien", "1010", country)
    parcels = tuple(Parcel("340123450000000018", Decimal(weight)) for weight in weights or ["4"])
    consignment = Consignment("SH-000001", sender=US, receiver=receiver, weight_kg=Decimal(4), packages=parcels)
    pages = PdfReader(io.BytesIO(RateTable().book(consignment, "key").label)).pages
    return [page.extract_text().splitlines() for page in pages]


@pytest.mark.parametrize(("country", "name"), [("AT", "AUSTRIA"), ("GB", "UNITED KINGDOM"), ("DE", "GERMANY")])
def test_a_label_ends_its_address_with_the_country_by_name_in_capitals(country, name):
    (lines,) = label(country)
    assert lines[lines.index("1010 Wien") + 1] == name
    assert lines[lines.index("20457 Hamburg") + 1] == "GERMANY"
    assert country not in lines


def test_each_package_s_label_says_its_own_weight_and_not_that_of_all():
    first, second = label("AT", "2.5", "1.500")
    assert "2.5 kg" in first
    assert "1.5 kg" in second
    assert "4 kg" not in " ".join([*first, *second])
