import io
from decimal import Decimal

import pytest
from pypdf import PdfReader

from handlers.fulfillment.ports import Consignment, Place
from handlers.fulfillment.rate_table import RateTable

US = Place("Ordercraft", "Hafenstraße 1", "Hamburg", "20457", "DE")


def label(country):
    receiver = Place("Indifferent Mirror GmbH", "Hauptstraße 1", "Wien", "1010", country)
    consignment = Consignment(shipment_no="SH-000001", sender=US, receiver=receiver, weight_kg=Decimal(4), packages=("340123450000000018",))
    pages = PdfReader(io.BytesIO(RateTable().book(consignment, "key").label)).pages
    return pages[0].extract_text().splitlines()


@pytest.mark.parametrize(("country", "name"), [("AT", "AUSTRIA"), ("GB", "UNITED KINGDOM"), ("DE", "GERMANY")])
def test_a_label_ends_its_address_with_the_country_by_name_in_capitals(country, name):
    lines = label(country)
    assert lines[lines.index("1010 Wien") + 1] == name
    assert lines[lines.index("20457 Hamburg") + 1] == "GERMANY"
    assert country not in lines
