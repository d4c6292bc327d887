import pytest

from api.rooms import ROOMS, foreign_rooms
from tests.architecture.sources import HOUSE, sources


def test_every_room_is_ours_and_nobody_else_claims_its_name():
    assert foreign_rooms() == []


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_says_on_its_door_what_it_is_for(room):
    card = (HOUSE / room / "__init__.py").read_text()
    assert card.startswith('"""')
    assert len(card.split('"""')[1].split()) >= 5


def test_only_the_unit_of_work_commits():
    assert [path for path, text in sources().items() if ".commit(" in text] == ["engine/store/unit_of_work.py"]


def test_no_room_is_called_after_what_everything_is():
    vague = {"utils", "common", "helpers", "services", "managers", "misc"}
    names = {path.stem for room in ROOMS for path in (HOUSE / room).rglob("*") if "node_modules" not in path.parts}
    assert not names & vague


def test_a_foreign_package_with_a_room_s_name_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr("api.rooms.packages_distributions", lambda: {"api": ["stranger"]})
    assert any("stranger" in sentence for sentence in foreign_rooms())
