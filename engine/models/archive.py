"""A bundle as a zip, out and in. What comes in is from anybody: names, sizes and structure are looked at before a byte is unpacked."""

import stat
import zlib
from collections.abc import Iterable
from io import BytesIO
from typing import Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from engine.models.bundle import MAX_BUNDLE_BYTES, MAX_FILE_BYTES, MAX_FILES, Bundle, is_inside
from engine.problems import Invalid, TooLarge

#: Entries of an archive, hidden ones and folders included.
MAX_ENTRIES: Final = 5 * MAX_FILES
#: The earliest moment a zip can say: with it the same files are the same archive.
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_ENCRYPTED: Final = 0x1


def write_archive(bundle: Bundle) -> bytes:
    """The files of a bundle as a zip; the same files are the same bytes."""
    made = BytesIO()
    with ZipFile(made, "w", ZIP_DEFLATED) as archive:
        for path, content in sorted(bundle.files.items()):
            entry = ZipInfo(path, _EPOCH)
            entry.compress_type = ZIP_DEFLATED
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, content)
    return made.getvalue()


def read_archive(name: str, content: bytes) -> Bundle:
    """The files of a zip, as the bundle of this name. Hidden files are left out; a folder named like the bundle around all is taken off.

    Raises Invalid for what is no zip, for a name that leads elsewhere or comes twice, for links and encrypted files; TooLarge beyond the
    limits of a bundle, whatever the archive says of its own size.
    """
    if len(content) > MAX_BUNDLE_BYTES:
        raise _too_large()
    try:
        with ZipFile(BytesIO(content)) as archive:
            files = _read_entries(archive)
    except (BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise Invalid(
            f"This is no zip that can be read: {error}.", code="archive_malformed", next_step="Pack the files as a plain zip."
        ) from None
    if not files:
        raise Invalid("The zip holds no file.", code="archive_empty", next_step="Pack the diagrams, decisions and forms of one bundle.")
    return Bundle(name, _without_folder(name, files))


def _read_entries(archive: ZipFile) -> dict[str, bytes]:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise _too_large()
    wanted = list(_wanted(entries))
    if len(wanted) > MAX_FILES or sum(entry.file_size for entry in wanted) > MAX_BUNDLE_BYTES:
        raise _too_large()
    files: dict[str, bytes] = {}
    for entry in wanted:
        files[entry.filename] = _unpacked(archive, entry)
        if sum(map(len, files.values())) > MAX_BUNDLE_BYTES:
            raise _too_large()
    return files


def _wanted(entries: Iterable[ZipInfo]) -> Iterable[ZipInfo]:
    """The files of a bundle among the entries; refuses the archive for what no honest one has."""
    seen: dict[str, str] = {}
    for entry in entries:
        path = _checked(entry)
        if entry.is_dir() or any(part.startswith(".") or part == "__MACOSX" for part in path.split("/")):
            continue
        folded = path.casefold()
        if folded in seen:
            raise _refused(f"The zip holds {path!r} twice.", "Pack each file once; names that differ only in capitals are one name.")
        seen[folded] = path
        yield entry


def _checked(entry: ZipInfo) -> str:
    path = entry.filename
    if not is_inside(path.removesuffix("/")) or "\\" in entry.orig_filename:
        raise _refused(f"{entry.orig_filename[:200]!r} is no name of a file inside a bundle.", "Use relative names with '/', without '..'.")
    mode = entry.external_attr >> 16
    if stat.S_IFMT(mode) not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise _refused(f"{path!r} is a link or a device, not a file.", "Pack the files themselves.")
    if entry.flag_bits & _ENCRYPTED:
        raise _refused(f"{path!r} is encrypted.", "Pack the files without a password.")
    if entry.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise _refused(f"{path!r} is compressed in an unusual way.", "Pack the files as a plain zip (deflate).")
    return path


def _unpacked(archive: ZipFile, entry: ZipInfo) -> bytes:
    """The bytes, never more than a file may have, whatever its header says."""
    if entry.file_size > MAX_FILE_BYTES:
        raise _too_large()
    with archive.open(entry) as opened:
        content = opened.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise _too_large()
    return content


def _without_folder(name: str, files: dict[str, bytes]) -> dict[str, bytes]:
    folder = f"{name}/"
    if all(path.startswith(folder) for path in files):
        return {path.removeprefix(folder): content for path, content in files.items()}
    return files


def _refused(detail: str, next_step: str) -> Invalid:
    return Invalid(detail, code="archive_refused", next_step=next_step)


def _too_large() -> TooLarge:
    return TooLarge(
        f"The zip holds more than {MAX_FILES} files, {MAX_FILE_BYTES} bytes in one or {MAX_BUNDLE_BYTES} bytes in all.",
        code="bundle_too_large",
        next_step="Leave out what does not belong to the bundle, or deploy the processes in bundles of their own.",
    )
