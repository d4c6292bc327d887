"""A pattern that somebody stored never holds the process, whatever text it meets."""

import pytest

from engine.patterns import BadPattern, TooManyRepeats, compiled, fits


def test_the_whole_text_has_to_fit():
    assert fits(r"45\d{4}", "450017")
    assert not fits(r"45\d{4}", "450017x")


@pytest.mark.parametrize("evil", ["(a+)+b", "(a|a)*b", "(x+x+)+y"])
def test_what_would_take_years_to_tell_does_not_fit(evil):
    assert not fits(evil, "ax"[evil.startswith("(x")] * 5_000)


@pytest.mark.parametrize(("pattern", "said"), [("[a", "unterminated"), ("a" * 1_001, "longer than 1000"), ("a{999999999}", "repeats")])
def test_what_is_no_pattern_is_told_when_it_is_stored_and_fits_nothing(pattern, said):
    with pytest.raises(BadPattern, match=said):
        compiled(pattern)
    assert not fits(pattern, "a")


def test_repeats_within_repeats_count_together():
    compiled("(a{100}){100}")
    with pytest.raises(TooManyRepeats):
        compiled("((a{100}){100}){100}")
