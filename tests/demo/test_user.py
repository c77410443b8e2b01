from __future__ import annotations

from jupyter_telemetry.demo.user import CONTENTS, KERNELS, SCRIPT, Expected


def test_an_event_is_expected_by_its_schema_action_and_subject():
    copy = {"__schema__": CONTENTS, "action": "copy", "path": "/a-Copy1.ipynb", "source_path": "a.ipynb"}
    assert Expected.of(copy) == (CONTENTS, "copy", "a-Copy1.ipynb")
    assert Expected.of({"__schema__": KERNELS, "action": "start", "kernel_id": "k"}) == (KERNELS, "start", "k")
    assert Expected.of({"__schema__": "x", "batch": 0}) == ("x", "", "0")
    assert Expected.of({"__schema__": "x"}) == ("x", "", "")


def test_the_script_does_everything_that_a_user_does():
    texts = " ".join(step.text for step in SCRIPT)
    for word in ("Create", "Run", "Save", "Rename", "Copy", "Delete", "Start", "interrupt", "Restart", "Shut down"):
        assert word in texts
