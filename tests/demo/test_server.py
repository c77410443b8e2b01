from __future__ import annotations

import signal
from pathlib import Path

import httpx
import pytest

from jupyter_telemetry.demo.server import DemoServer, _undisturbed
from jupyter_telemetry.errors import TelemetryError


@pytest.fixture
def directories(tmp_path: Path) -> tuple[Path, Path, Path]:
    home = tmp_path / "home"
    home.mkdir()
    return home, tmp_path / "journal", tmp_path / "server.log"


def test_a_server_that_does_not_start_is_an_error_that_names_its_log(directories, monkeypatch, tmp_path):
    broken = tmp_path / "jupyter_server.py"
    broken.write_text("raise SystemExit(7)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    log = directories[2]
    with pytest.raises(TelemetryError) as raised, DemoServer(*directories):
        pass
    assert str(raised.value) == (f"the demo failed: Jupyter Server ended with status 7; the server's log is {log}")


def test_nobody_without_the_token_gets_in(directories):
    with DemoServer(*directories) as server:
        assert server.url.startswith("http://127.0.0.1:")
        assert httpx.get(f"{server.url}/api/contents", trust_env=False).status_code == 403
        answer = httpx.get(f"{server.url}/api/contents", headers=server.headers, trust_env=False)
        assert (answer.status_code, answer.json()["content"]) == (200, [])
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url, trust_env=False)


def test_the_token_stands_in_no_argument_that_others_can_read(directories):
    import psutil

    with DemoServer(*directories) as server:
        arguments = [argument for child in psutil.Process().children(True) for argument in child.cmdline()]
        assert any("jupyter_server" in argument for argument in arguments)
        assert not any(server.token in argument for argument in arguments)


def test_ctrl_c_in_the_middle_of_a_stop_is_heard_at_its_end():
    ended = []

    def stop():
        with _undisturbed():
            signal.raise_signal(signal.SIGINT)
            ended.append("the server")

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert ended == ["the server"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
