import pytest

from engine.runtime.advance.fingerprint import fingerprint, general


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("order SO-000017 has no price", "order SO-000018 has no price"),
        ("503 from 10.0.0.7 after 1.25 s", "503 from 10.0.0.9 after 17.5 s"),
        ("late since 2026-01-31T10:00:00Z", "late since 2025-12-01"),
        ("task 6f1c3f0e-8a53-4c8b-9a55-0d9a2b7d1e11 is gone", "task 00000000-8a53-4c8b-9a55-0d9a2b7d1e12 is gone"),
        ("<Carrier object at 0x7f00ab>", "<Carrier object at 0x7f11cd>"),
    ],
)
def test_ids_numbers_and_dates_do_not_tell_causes_apart(one, other):
    assert fingerprint("error", "carrier.book", one) == fingerprint("error", "carrier.book", other)


def test_words_kinds_and_places_do():
    marks = {
        fingerprint("error", "carrier.book", "the carrier is closed"),
        fingerprint("error", "carrier.book", "the address is wrong"),
        fingerprint("broken", "carrier.book", "the carrier is closed"),
        fingerprint("error", "orders.price", "the carrier is closed"),
    }
    assert len(marks) == 4


def test_the_general_message_stays_readable():
    assert general("order SO-000017 has 3 lines\n without price") == "order # has # lines without price"
