"""Switch each rule of privacy off in turn, and see that the tests notice.

    python tests/privacy/mutants.py            all rules, in some twenty minutes
    python tests/privacy/mutants.py overlay    those whose name has a word

The rules stand in mutants.txt: below the file of the package that it is in, each has its name, what is written there
(`-`), and what is written instead (`+`). Each is changed in a copy of the package, in a temporary directory. Exits with
1 if a change went unnoticed, or if a rule does not stand in the package as it stands in mutants.txt.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
WORKERS = 2
# The quick ones first; the one that generates schemas last.
TESTS = (
    *(f"privacy/test_{name}.py" for name in ("redaction", "several_rules", "failing_redactions", "privacy")),
    *(f"privacy/test_{name}.py" for name in ("consent", "consent_in_force", "modes", "plan", "walk")),
    *(f"test_{name}.py" for name in ("governance", "outlet", "errors", "bad_input", "record", "registry", "route")),
    *(f"privacy/test_{name}.py" for name in ("actions", "generalisation", "pseudonym")),
    *(f"test_{name}.py" for name in ("encoding", "notice")),
    *(f"handlers/test_{name}.py" for name in ("handlers", "failures", "behind")),
    "validation/test_violation.py",
    "privacy/test_secrets.py",
)


class Rule(NamedTuple):
    """What is switched off: in `file`, `old` is written as `new`."""

    name: str
    file: str
    old: str
    new: str


def rules() -> Iterator[Rule]:
    """Read mutants.txt."""
    file = ""
    for block in Path(__file__).with_suffix(".txt").read_text().strip().split("\n\n"):
        name, *lines = block.split("\n")
        if name.startswith("# "):
            file = name[2:]
            continue
        old, new = ("\n".join(line[1:] for line in lines if line.startswith(sign)) for sign in "-+")
        yield Rule(name, file, old, new)


def noticed_by(rule: Rule | None) -> list[str]:
    """Return the first tests that fail without a rule; None changes nothing."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        for directory in ("jupyter_telemetry", "tests"):
            shutil.copytree(ROOT / directory, copy / directory, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", copy)
        if rule is not None:
            file = copy / "jupyter_telemetry" / rule.file
            file.write_text(file.read_text().replace(rule.old, rule.new))
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--maxfail=3", "--tb=no"]
        command += ["--hypothesis-profile=as-found", *(f"tests/{test}" for test in TESTS)]
        done = subprocess.run(command, cwd=copy, env={**os.environ, "PYTHONPATH": name}, capture_output=True, text=True)
    failed = re.findall(r"^(?:FAILED|ERROR) \S*?(\w+\.py(?:::\w+)?)", done.stdout, re.MULTILINE)
    if not failed and done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return list(dict.fromkeys(failed))


def main(words: list[str]) -> int:
    chosen = [rule for rule in rules() if all(word in rule.name for word in words)]
    sources = {rule.file: (ROOT / "jupyter_telemetry" / rule.file).read_text() for rule in chosen}
    if gone := [rule.name for rule in chosen if sources[rule.file].count(rule.old) != 1]:
        print("not in the package as mutants.txt has it:", *gone, sep="\n  ")
        return 1
    if failed := noticed_by(None):
        print("these fail though nothing is changed:", *failed, sep="\n  ")
        return 1
    survived = 0
    with ThreadPoolExecutor(WORKERS) as pool:
        for rule, noticed in zip(chosen, pool.map(noticed_by, chosen), strict=True):
            survived += not noticed
            print(f"{'noticed ' if noticed else 'SURVIVED'}  {rule.name}: {', '.join(noticed)}", flush=True)
    print(f"{len(chosen)} rules switched off, {survived} of them unnoticed")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
