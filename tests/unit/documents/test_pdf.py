"""Papers carry the letters of every script, in fonts of our own, and say so where a letter has none."""

import io
import re
import unicodedata
from datetime import UTC, datetime

import pytest
from pypdf import PdfReader

from handlers.documents.pdf import print_pdf_plain

PRINTED_AT = datetime(2026, 3, 10, 9, tzinfo=UTC)
SCRIPTS = {
    "CJK": "循環ポンプ",
    "Thai": "ปั๊ม",
    "Bengali": "পাম্প",
    "Arabic": "مضخة",
    "Hebrew": "משאבה",
    "Devanagari": "पंप",
    "Georgian": "ტუმბო",
    "Emoji": "🙂",
}


@pytest.fixture
def template(tmp_path):
    path = tmp_path / "names.typ"
    path.write_text("#let data = json(bytes(sys.inputs.data))\n#for name in data.names [#name #parbreak()]", encoding="utf-8")
    return path


def printed(template, *names):
    return print_pdf_plain(template, {"names": list(names)}, PRINTED_AT)


def fonts(paper) -> set[str]:
    return {
        str(each.get_object()["/BaseFont"]) for page in PdfReader(io.BytesIO(paper)).pages for each in page["/Resources"]["/Font"].values()
    }


def words(paper) -> str:
    text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(paper)).pages)
    return unicodedata.normalize("NFKC", text.replace("\x00", ""))


@pytest.mark.parametrize(("script", "name"), SCRIPTS.items())
def test_a_name_in_any_script_is_printed_in_a_font_that_comes_with_the_product(template, script, name):
    paper = printed(template, name)
    assert paper.findings == ()
    assert any(script in font for font in fonts(paper)), fonts(paper)


@pytest.mark.parametrize(("name", "variant"), [("循環ポンプ", "jp"), ("순환 펌프", "kr"), ("循环泵", "sc")])
def test_han_letters_have_the_form_that_their_readers_know(template, name, variant):
    assert any(f"CJK{variant}" in font for font in fonts(printed(template, name)))


def test_a_letter_that_no_font_has_is_named_and_its_number_printed(template):
    paper = printed(template, "Ishtar \U00012000\U00012001 GmbH", "Plain")
    assert paper.findings == (
        "No font has the letter \U00012000 (U+12000); its number is printed in its place.",
        "No font has the letter \U00012001 (U+12001); its number is printed in its place.",
    )
    assert "Ishtar [U+12000][U+12001] GmbH" in words(paper)


def test_every_paper_is_pdf_a_whatever_is_on_it(template):
    for name in ("Plain", "漢字 🙂", "\U00012000"):
        assert b"pdfaid:part" in printed(template, name)


def places(paper) -> list[float]:
    """How far from the left each run of several letters stands, in the order in which they are read."""
    drawn = PdfReader(io.BytesIO(paper)).pages[0].get_contents().get_data().decode("latin-1")
    return [float(x) for x in re.findall(r"1 0 0 -1 ([\d.]+) [\d.]+ cm[^[]*?\[[^]]*\]TJ", drawn)]


def test_a_name_runs_in_the_direction_of_its_first_letter(template):
    word, watts, light = places(printed(template, "שלום 40W קל"))
    assert word > watts > light, "40W stands left of the word that comes before it"
    latin, hebrew = places(printed(template, "Pump שלום"))
    assert latin < hebrew
