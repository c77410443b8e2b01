"""JupyterHub 4.1, which was built on jupyter_telemetry 0.1.0, runs on this package."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import psutil

from jupyter_telemetry.journal import JournalReader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SERVER_ACTION = "hub.jupyter.org/server-action"
TIMEOUT_S = 60

CONFIG = """
import json, logging, os
from pathlib import Path
from jupyterhub.proxy import Proxy

here = Path(__file__).parent


class KeptRoutes(Proxy):
    "A proxy that keeps its routes and serves nobody: the test talks to the hub itself."

    should_start = False

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.routes = {}

    async def add_route(self, routespec, target, data):
        self.routes[routespec] = {"routespec": routespec, "target": target, "data": data}
        (here / "routes.json").write_text(json.dumps({spec: route["target"] for spec, route in self.routes.items()}))

    async def delete_route(self, routespec):
        self.routes.pop(routespec, None)

    async def get_all_routes(self):
        return self.routes


c.JupyterHub.proxy_class = KeptRoutes
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.admin_users = {"root"}
c.JupyterHub.spawner_class = "simple"
c.JupyterHub.hub_bind_url = os.environ["HUB_URL"]
c.JupyterHub.db_url = "sqlite:///:memory:"
c.JupyterHub.cookie_secret_file = str(here / "cookie_secret")
c.JupyterHub.services = [{"name": "tester", "api_token": os.environ["TESTER_TOKEN"]}]
SCOPES = ["read:hub", "admin:users", "admin:servers", "access:servers", "tokens"]
c.JupyterHub.load_roles = [
    {"name": "tester", "services": ["tester"], "scopes": SCOPES}
]
c.SimpleLocalProcessSpawner.home_dir_template = str(here / "{username}")
c.Spawner.cmd = [os.environ["SINGLEUSER"]]
c.Spawner.args = ["--allow-root", "--ServerApp.jpserver_extensions={'jupyter_telemetry': True}"]

# As JupyterHub's own documentation has it, and the journal beside it.
c.EventLog.handlers = [
    logging.FileHandler(here / "event.log"),
    {"class": "jupyter_telemetry.journal.JournalHandler", "directory": str(here / "journal")},
]
c.EventLog.allowed_schemas = {"hub.jupyter.org/server-action": {"allowed_categories": ["personal-data"]}}
"""


@contextmanager
def running_hub(python: Path, directory: Path) -> Iterator[httpx.Client]:
    """Run a hub; give a client of its REST API; stop the hub, and see to it that nothing of it stays."""
    (directory / "jupyterhub_config.py").write_text(CONFIG)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    token = secrets.token_hex(16)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("COV_", "JUPYTER"))},
        "HUB_URL": url,
        "TESTER_TOKEN": token,
        "SINGLEUSER": str(python.parent / "jupyterhub-singleuser"),
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(directory),
    }
    with (directory / "log.txt").open("wb") as log:
        hub = subprocess.Popen(
            [str(python), "-m", "jupyterhub"], cwd=directory, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    with httpx.Client(base_url=f"{url}/hub/api", headers={"Authorization": f"token {token}"}, timeout=60) as client:
        try:
            wait_for(lambda: is_up(client, hub), directory)
            yield client
        finally:
            children = psutil.Process(hub.pid).children(recursive=True)
            hub.terminate()
            hub.wait(TIMEOUT_S)
            for child in psutil.wait_procs(children, timeout=10)[1]:
                child.kill()


def is_up(client: httpx.Client, hub: subprocess.Popen[bytes]) -> bool:
    if hub.poll() is not None:
        raise RuntimeError("the hub has ended")
    try:
        return client.get("/info").status_code == 200
    except httpx.TransportError:
        return False


def wait_for(condition: Any, directory: Path) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError((directory / "log.txt").read_text()[-3000:])
        time.sleep(0.1)


def test_the_start_and_the_stop_of_a_server_are_recorded(hub_python, tmp_path):
    with running_hub(hub_python, tmp_path) as hub:
        assert hub.get("/info").json()["version"] == "4.1.6"
        hub.post("/users/alice").raise_for_status()
        hub.post("/users/alice/server").raise_for_status()
        wait_for(lambda: hub.get("/users/alice").json()["servers"].get("", {}).get("ready"), tmp_path)
        hub.delete("/users/alice/server").raise_for_status()
        wait_for(lambda: "" not in hub.get("/users/alice").json()["servers"], tmp_path)

    lines = (tmp_path / "event.log").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    assert [{k: v for k, v in event.items() if k not in ("__timestamp__", "__id__")} for event in events] == [
        {
            "__schema__": SERVER_ACTION,
            "__schema_version__": 1,
            "__metadata_version__": 2,
            "action": action,
            "username": "alice",
            "servername": "",
        }
        for action in ("start", "stop")
    ]
    assert [line.decode().rstrip("\n") for line in JournalReader(tmp_path / "journal").lines()] == lines
    assert [path.name for path in (tmp_path / "journal").glob("*.open.jsonl")] == []


def test_only_the_owner_of_a_server_gets_the_page_whatever_the_hub_lets_others_do(hub_python, tmp_path):
    with running_hub(hub_python, tmp_path) as hub:
        hub.post("/users/alice").raise_for_status()
        hub.post("/users/alice/server").raise_for_status()
        wait_for(lambda: hub.get("/users/alice").json()["servers"].get("", {}).get("ready"), tmp_path)
        tokens = {
            name: hub.post(f"/users/{name}/tokens").raise_for_status().json()["token"] for name in ("alice", "root")
        }
        tokens["tester"] = hub.headers["Authorization"].removeprefix("token ")
        server = json.loads((tmp_path / "routes.json").read_text())["/user/alice/"]

        def ask(name: str, path: str) -> int:
            headers = {"Authorization": f"token {tokens[name]}"}
            return httpx.get(f"{server}/user/alice/{path}", headers=headers, timeout=60).status_code

        # The Hub lets all three in: their owner, an administrator, and a service that may access all servers.
        assert [ask(name, "api/contents") for name in tokens] == [200, 200, 200]
        for path in ("telemetry", "telemetry/api/state", "telemetry/api/events", "telemetry/api/export"):
            refused = [ask(name, path) for name in ("root", "tester")]
            assert refused == [403, 403], path
        assert [ask("alice", path) for path in ("telemetry", "telemetry/api/state")] == [200, 200]
