import stat
import struct
from io import BytesIO
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZipFile, ZipInfo

import pytest

from engine.models.archive import read_archive, write_archive
from engine.models.bundle import MAX_FILE_BYTES, MAX_FILES, Bundle
from engine.problems import Invalid, TooLarge

QUOTE = Bundle("quoting", {"quoting.bpmn": b"<a/>\r\n", "forms/approve quote.form": "{ü}".encode(), "README.md": b""})


def zipped(*entries: tuple[str | ZipInfo, bytes], compression: int = ZIP_DEFLATED) -> bytes:
    made = BytesIO()
    with ZipFile(made, "w", compression) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return made.getvalue()


def link(name: str) -> ZipInfo:
    entry = ZipInfo(name)
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


def test_a_bundle_comes_back_from_its_zip_byte_for_byte_and_is_the_same_zip_each_time():
    packed = write_archive(QUOTE)
    assert read_archive("quoting", packed).files == dict(QUOTE.files)
    assert write_archive(read_archive("quoting", packed)) == packed


def test_hidden_files_and_the_folder_around_all_are_taken_off():
    packed = zipped(("quoting/", b""), ("quoting/quoting.bpmn", b"<a/>"), ("quoting/.DS_Store", b"x"), ("__MACOSX/quoting/._a", b"x"))
    assert read_archive("quoting", packed).files == {"quoting.bpmn": b"<a/>"}
    assert read_archive("other", packed).files == {"quoting/quoting.bpmn": b"<a/>"}


LEADING_ELSEWHERE = ("../evil.bpmn", "a/../../evil.bpmn", "/etc/evil.bpmn", "C:\\evil.bpmn", "a\\..\\evil.bpmn", "a//b.bpmn", "./a.bpmn")


@pytest.mark.parametrize("name", [*LEADING_ELSEWHERE, "a\nb.bpmn", "x" * 201])
def test_a_name_that_leads_elsewhere_is_refused_and_told(name):
    with pytest.raises(Invalid) as refused:
        read_archive("quoting", zipped(("quoting.bpmn", b"<a/>"), (name, b"x")))
    assert refused.value.code == "archive_refused"
    assert "name of a file" in refused.value.detail


def test_a_name_that_comes_twice_is_refused_also_in_other_capitals():
    for packed in (zipped_twice(), zipped(("quoting.bpmn", b"<a/>"), ("Quoting.BPMN", b"<b/>"))):
        with pytest.raises(Invalid, match="twice"):
            read_archive("quoting", packed)


def zipped_twice() -> bytes:
    """The same name twice, without the warning of the library that packs it."""
    return zipped(("quoting.bpmn", b"<a/>"), ("quotinh.bpmn", b"<b/>")).replace(b"quotinh.bpmn", b"quoting.bpmn")


def test_a_link_an_encrypted_file_and_what_is_no_zip_are_refused():
    encrypted = bytearray(zipped(("quoting.bpmn", b"<a/>")))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        encrypted[encrypted.find(mark) + offset] |= 1
    for packed, said in (
        (zipped((link("quoting.bpmn"), b"/etc/passwd")), "link"),
        (bytes(encrypted), "encrypted"),
        (b"PK\x03\x04", "no zip"),
    ):
        with pytest.raises(Invalid, match=said):
            read_archive("quoting", packed)


def test_a_bomb_costs_no_more_than_one_file_may_have():
    bomb = zipped(("quoting.bpmn", b"\0" * (MAX_FILE_BYTES + 1)))
    assert len(bomb) < 10_000
    with pytest.raises(TooLarge):
        read_archive("quoting", bomb)
    lying = bytearray(bomb)
    place = lying.find(b"PK\x01\x02") + 24
    lying[place : place + 4] = struct.pack("<I", 10)
    with pytest.raises((TooLarge, Invalid)):
        read_archive("quoting", bytes(lying))
    with pytest.raises(Invalid, match="unusual"):
        read_archive("quoting", zipped(("quoting.bpmn", b"<a/>"), compression=ZIP_BZIP2))


def test_too_many_files_and_too_many_bytes_in_all_are_refused():
    with pytest.raises(TooLarge):
        read_archive("quoting", zipped(*((f"{number}.form", b"") for number in range(MAX_FILES + 1))))
    with pytest.raises(TooLarge):
        read_archive("quoting", zipped(*((f"{number}.form", b"\0" * MAX_FILE_BYTES) for number in range(6))))


def test_a_zip_of_nothing_is_refused():
    with pytest.raises(Invalid, match="holds no file"):
        read_archive("quoting", zipped(("folder/", b"")))
