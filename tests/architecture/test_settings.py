from dataclasses import fields
from pathlib import Path

import pytest

from api.settings import PREFIX, Settings
from engine.problems import Invalid

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()


@pytest.mark.parametrize("name", [field.name for field in fields(Settings)])
def test_the_readme_tells_every_setting(name):
    variable = "DATABASE_URL" if name == "database_url" else PREFIX + name.upper()
    assert f"`{variable}`" in README


def test_a_port_that_is_no_number_is_refused_by_name():
    with pytest.raises(Invalid, match="ORDERCRAFT_PORT is 'eighty', which is no whole number"):
        Settings.from_environment({"ORDERCRAFT_PORT": "eighty"})


def test_a_lease_of_no_seconds_is_refused():
    with pytest.raises(Invalid, match="ORDERCRAFT_LEASE_SECONDS is 0, but must be above zero"):
        Settings.from_environment({"ORDERCRAFT_LEASE_SECONDS": "0"})


def test_a_misspelt_setting_is_refused_with_the_right_ones():
    with pytest.raises(Invalid) as refused:
        Settings.from_environment({"ORDERCRAFT_PROT": "8080"})
    assert "ORDERCRAFT_PROT" in refused.value.detail
    assert "ORDERCRAFT_PORT" in refused.value.next_step


def test_the_database_is_named_as_everywhere_else():
    assert Settings.from_environment({"DATABASE_URL": "postgresql://db/orders"}).database_url == "postgresql://db/orders"
