"""What the page about Kubernetes has the operator write can be used: values of a chart that cannot run here."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from code_blocks import blocks_of

from jupyter_telemetry import EventLog
from jupyter_telemetry.cli.ship import command
from jupyter_telemetry.convention import VARIABLES, settings_in_environment
from jupyter_telemetry.dispatch import shipped
from jupyter_telemetry.sinks import make_sink

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "run-on-kubernetes.md"
BLOCKS = [
    yaml.safe_load(block.text) for block in blocks_of(PAGE.read_text(encoding="utf-8")) if block.language == "yaml"
]


class Unshipped(EventLog):
    _ships = False


@pytest.mark.parametrize("values", BLOCKS)
def test_the_settings_in_the_environment_can_be_used(values):
    environ = values["singleuser"].get("extraEnv", {})
    settings = settings_in_environment(environ)
    assert {VARIABLES + name.upper() for name in settings} == set(environ)
    log = Unshipped(**settings)
    for shipper in log.shippers:
        told = {name: value for name, value in shipper.items() if name != "exit_timeout_s"}
        assert make_sink(told).name
    assert len(shipped(log.shippers, [{"class": "jupyter_telemetry.journal.JournalHandler"}])) == bool(log.shippers)
    log.close()


def test_the_command_of_the_sidecar_can_be_used():
    (container,) = (each for values in BLOCKS for each in values["singleuser"].get("extraContainers", ()))
    program, name, *arguments = container["command"][1:]
    assert (container["command"][0], program, name) == ("jupyter", "telemetry", "ship")
    context = command.make_context("ship", arguments)
    assert context.params["journals"] == ("/events/journal",)
    assert context.params["once"] is False
    options = dict(option.split("=") for option in context.params["options"])
    assert make_sink({"to": context.params["url"], **options}).name
