"""The environment of jupyter_telemetry 0.1.0, which shares our import name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .contests import OLD

__all__ = ["ensure"]

_ROOT = Path(__file__).resolve().parent.parent
_DIRECTORY = _ROOT / f".venv-bench-{OLD}"
# python-json-logger 3 has not the module `jsonlogger` that 0.1.0 imports as it was.
_NEEDS = [f"jupyter_telemetry=={OLD}", "python-json-logger<3", "orjson", "pyperf>=2.8"]


def ensure() -> str:
    """Return the environment's interpreter; make it first if need be.

    Raises subprocess.CalledProcessError where that fails, without a network for one.
    """
    places = [_DIRECTORY / "Scripts" / "python.exe", _DIRECTORY / "bin" / "python"]
    done = _DIRECTORY / "made-for.txt"
    made_for = f"{sys.version_info[:2]} {_NEEDS}"
    if not done.exists() or done.read_text() != made_for:
        _call(sys.executable, "-m", "venv", "--clear", str(_DIRECTORY))
        python = str(next(place for place in places if place.exists()))
        _call(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *_NEEDS)
        found = subprocess.check_output([python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"])
        # Behind its own packages, so that `bench` is found here and `jupyter_telemetry` there.
        Path(found.decode().strip(), "bench.pth").write_text(f"{_ROOT}\n")
        done.write_text(made_for)
    return str(next(place for place in places if place.exists()))


def _call(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
