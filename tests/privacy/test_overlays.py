"""Every field of every schema that Jupyter ships is classified, with a reason, and nothing else is."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import zipfile
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from jupyter_telemetry.privacy.classification import PERSONAL_DATA, UNRESTRICTED
from jupyter_telemetry.privacy.overlays import shipped

ROOT = Path(__file__).parents[2]
# Releases with the older and the newer id of the schema, which changed in 5.0.
HUBS = ["3.1.1", "4.1.6", "5.4.3", "6.1.1"]


def properties(schema, path=""):
    """Walk the properties that a schema declares, at any depth: path, and schema of the property."""
    for name, below in schema.get("properties", {}).items():
        yield f"{path}/{name}", below
        yield from properties(below, f"{path}/{name}")
    if isinstance(schema.get("items"), dict):
        yield from properties(schema["items"], f"{path}/*")


@pytest.fixture(scope="session")
def server_schemas():
    """Return the schemas of the Jupyter Server that is installed."""
    texts = [file.read_text() for file in Path(str(files("jupyter_server"))).glob("event_schemas/**/*.y*ml")]
    return [yaml.safe_load(text) for text in texts]


@pytest.fixture(scope="session")
def hub_schemas():
    """Return the schemas in JupyterHub's wheels; they are fetched once, and kept for the next run."""
    kept = ROOT / ".venv-hub" / "wheels"
    kept.mkdir(parents=True, exist_ok=True)
    with (kept / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two workers may come at once
        wheels = [kept / f"jupyterhub-{version}-py3-none-any.whl" for version in HUBS]
        for version, wheel in zip(HUBS, wheels, strict=True):
            if not wheel.exists():
                pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
                python = ["--python-version", "3.13"]  # nothing of it is run
                subprocess.run([*pip, *python, "--dest", str(kept), f"jupyterhub=={version}"], check=True)
    return [schema for wheel in wheels for schema in schemas_in(wheel)]


def schemas_in(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if "event-schemas/" in name and name.endswith((".yaml", ".yml"))]
        return [yaml.safe_load(archive.read(name)) for name in names]


@pytest.fixture(scope="session")
def schemas(server_schemas, hub_schemas):
    assert len(server_schemas) >= 3
    assert len(hub_schemas) == len(HUBS)
    return server_schemas + hub_schemas


def test_every_property_of_every_schema_has_an_entry(schemas):
    for schema in schemas:
        declared = {path for path, _ in properties(schema)}
        assert declared <= shipped()[schema["$id"]].keys(), schema["$id"]


def test_no_entry_matches_nothing(schemas):
    declared: dict[str, set[str]] = {}
    for schema in schemas:
        declared.setdefault(schema["$id"], set()).update(path for path, _ in properties(schema))
    assert {schema_id: set(fields) for schema_id, fields in shipped().items()} == declared


def test_only_numbers_and_fixed_words_are_unrestricted(schemas):
    for schema in schemas:
        for path, declared in properties(schema):
            is_fixed = "enum" in declared or declared.get("type") == "number"
            categories = [UNRESTRICTED] if is_fixed else [PERSONAL_DATA]
            assert shipped()[schema["$id"]][path]["categories"] == categories, path


def test_every_entry_has_categories_and_a_reason_in_a_short_sentence():
    for fields in shipped().values():
        for entry in fields.values():
            assert set(entry) == {"categories", "reason"}
            assert entry["categories"] in ([UNRESTRICTED], [PERSONAL_DATA])
            assert 20 <= len(entry["reason"]) <= 120
            assert entry["reason"][0].isupper()
            assert entry["reason"].endswith(".")


def test_a_wheel_holds_the_overlays(tmp_path):
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = archive.read("jupyter_telemetry/privacy/overlays.json")
    assert packed == (ROOT / "jupyter_telemetry" / "privacy" / "overlays.json").read_bytes()
