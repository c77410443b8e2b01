"""Schemas from files and URLs."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from jupyter_telemetry import EventLog, InvalidSchema
from jupyter_telemetry.loading import load_file, load_url

SCHEMA = {"$id": "https://example.org/save", "version": 1, "type": "object", "properties": {"when": {"type": "string"}}}
SEED = """{
  '$id': 'url.to.event.schema',
  'title': 'My Event',
  'description': 'All events must have a name property.',
  'type': 'object',
  'properties': {
    'name': {
      'title': 'Name',
      'description': 'Name of event',
      'type': 'string'
    }
  },
  'required': ['name'],
  'version': 1
}
"""


def test_the_specifications_own_text_with_single_quotes_registers(tmp_path):
    (tmp_path / "schema.json").write_text(SEED)
    log = EventLog(allowed_schemas=["url.to.event.schema"])
    log.register_schema_file(str(tmp_path / "schema.json"))
    assert log.record_event("url.to.event.schema", 1, {"name": "example event"})["name"] == "example event"
    assert list(log.schemas) == [("url.to.event.schema", 1)]


def test_a_path_may_be_of_bytes(tmp_path):
    (tmp_path / "schema.json").write_text(json.dumps(SCHEMA))
    assert load_file(os.fsencode(tmp_path / "schema.json")) == SCHEMA


class ReadsNumbers:
    def read(self, size):
        return size


@pytest.mark.parametrize("file", [None, 0, ["schema.json"], ReadsNumbers(), "a\0b"])
def test_what_is_no_file_is_refused(file):
    with pytest.raises(InvalidSchema, match=r"path|read\(\)"):
        EventLog().register_schema_file(file)


def test_a_binary_file_opened_as_text_is_refused(tmp_path):
    (tmp_path / "x.png").write_bytes(b"\x89PNG\xff")
    with (tmp_path / "x.png").open(encoding="utf-8") as file, pytest.raises(InvalidSchema, match="not text"):
        load_file(file)


@pytest.mark.parametrize("opened", [False, "r", "rb"])
def test_a_file_may_be_a_path_or_open(tmp_path, opened):
    path = tmp_path / "schema.json"
    path.write_text(json.dumps(SCHEMA), encoding="utf-8-sig")
    if not opened:
        assert load_file(path) == SCHEMA
        return
    with path.open(opened, encoding="utf-8-sig" if opened == "r" else None) as file:
        assert load_file(file) == SCHEMA
        assert not file.closed


def test_yaml_is_read_as_far_as_json_goes():
    text = "$id: https://example.org/save\nversion: 2026-01-01\nproperties:\n  on: {const: true}\n  d: {const: 1.5}\n"
    loaded = load_file(io.StringIO(text))
    assert loaded["version"] == "2026-01-01"
    assert EventLog().register_schema_file(io.StringIO(text.replace(" on:", " 'on':"))) is None
    with pytest.raises(InvalidSchema, match="no string"):  # YAML 1.1 reads `on` as true
        EventLog().register_schema(loaded)


class Server(ThreadingHTTPServer):
    """Answers with what `answers` says for a path: (status, headers, body), or a callable that writes."""

    daemon_threads = True

    def __init__(self):
        self.answers, self.asked = {}, []
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        answer = self.server.answers.get(self.path, (404, {}, b"nothing here"))
        if callable(answer):
            answer(self)
            return
        status, headers, body = answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_url_is_fetched_once_and_never_while_recording(server):
    server.answers["/save"] = (200, {}, json.dumps(SCHEMA).encode())
    log = EventLog(allowed_schemas=[SCHEMA["$id"]])
    log.register_schema_url(f"{server.url}/save")
    log.register_schema_url(f"{server.url}/save")
    assert log.record_event(SCHEMA["$id"], 1, {"when": "now"})["when"] == "now"
    assert server.asked == ["/save"]


def test_a_file_url_is_read(tmp_path):
    (tmp_path / "a schema.json").write_text(json.dumps(SCHEMA))
    assert load_url((tmp_path / "a schema.json").as_uri()) == SCHEMA


def test_redirects_are_followed_but_not_for_ever_and_not_to_files(server):
    server.answers["/a"] = (302, {"Location": "/b"}, b"")
    server.answers["/b"] = (200, {}, json.dumps(SCHEMA).encode())
    assert load_url(f"{server.url}/a") == SCHEMA
    server.answers["/loop"] = (302, {"Location": "/loop2"}, b"")
    server.answers["/loop2"] = (302, {"Location": "/loop"}, b"")
    with pytest.raises(InvalidSchema, match="cannot be fetched"):
        load_url(f"{server.url}/loop")
    server.answers["/file"] = (302, {"Location": "file:///etc/hostname"}, b"")
    with pytest.raises(InvalidSchema, match=r"http, https and file URLs only|cannot be fetched"):
        load_url(f"{server.url}/file")


def test_a_url_may_be_written_in_any_script(server, tmp_path):
    server.answers["/%C3%BC%20x?a=%20&b"] = (200, {}, json.dumps(SCHEMA).encode())
    assert load_url(f"{server.url}/ü x?a=%20&b") == SCHEMA
    (tmp_path / "ü.json").write_text(json.dumps(SCHEMA))
    assert load_url(f"file://{tmp_path}/ü.json") == SCHEMA


@pytest.mark.parametrize(
    "url", ["http://[", "http://", "http://x:port/", "http://\ud800/", "https://ü .invalid/", None, 1]
)
def test_what_is_no_url_is_refused(url):
    with pytest.raises(InvalidSchema):
        EventLog().register_schema_url(url)


@pytest.mark.parametrize("url", ["ftp://example.org/x", "data:application/json,{}", "schema.json", ""])
def test_other_schemes_are_refused(url):
    with pytest.raises(InvalidSchema, match="http, https and file URLs only"):
        load_url(url)


def test_what_is_not_there_says_so(server):
    with pytest.raises(InvalidSchema, match="404"):
        load_url(f"{server.url}/none")


def test_an_answer_without_end_is_cut_off(server):
    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b" " * 65536)
        except OSError:
            pass  # the client has hung up

    server.answers["/endless"] = endless
    with pytest.raises(InvalidSchema, match="longer than"):
        load_url(f"{server.url}/endless")


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Long: ", b"HTTP/1.1 ", b""])
def test_an_answer_that_drips_runs_out_of_time(server, head):
    hung_up = threading.Event()

    def drip(handler):
        handler.wfile.write(head)
        while True:
            time.sleep(0.02)
            try:
                handler.wfile.write(b"x")
            except OSError:
                hung_up.set()
                return

    server.answers["/drip"] = drip
    with pytest.raises(InvalidSchema, match="no schema within"):
        load_url(f"{server.url}/drip", timeout_s=0.3)
    assert hung_up.wait(60)  # it drips until the other side is gone


def test_the_body_of_a_redirect_is_not_read(server):
    hung_up = threading.Event()

    def endless(handler):
        handler.send_response(302)
        handler.send_header("Location", "/save")
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b" " * 65536)
        except OSError:
            hung_up.set()

    server.answers["/moved"] = endless
    server.answers["/save"] = (200, {}, json.dumps(SCHEMA).encode())
    assert load_url(f"{server.url}/moved") == SCHEMA
    assert hung_up.wait(60)


DEEP = ["b'[' * 900_000", "b'- ' * 50_000", "b'{a: ' * 200_000", "b'{\"a\":' * 180_000", "b'? ' * 300_000"]


@pytest.mark.parametrize("content", DEEP)
def test_a_document_nested_without_end_is_refused(content):
    """In a process of its own: where depth is not looked at first, it dies."""
    code = f"""
import io
from jupyter_telemetry import EventLog, InvalidSchema
try:
    EventLog().register_schema_file(io.BytesIO({content}))
except InvalidSchema as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    # libyaml has a limit of its own, and what it reads ahead may pass that first.
    assert re.fullmatch(
        "the open file: (nested deeper than 200 levels|.*exceeded maximum nesting depth)\n", done.stdout
    )


def test_merge_keys_are_followed_as_long_as_they_stay_small():
    text = "a: &a {x: 1}\nb: {<<: *a, y: 2}\nc: {<<: [*a, {z: 3}]}\n"
    assert load_file(io.StringIO(text)) == {"a": {"x": 1}, "b": {"x": 1, "y": 2}, "c": {"x": 1, "z": 3}}
    bomb = "a0: &a0 {x: 1}\n"
    for level in range(9):
        bomb += f"a{level + 1}: &a{level + 1} {{<<: [{', '.join([f'*a{level}'] * 9)}]}}\n"
    try:
        loaded = load_file(io.StringIO(bomb))
    except InvalidSchema as error:
        assert "merge keys" in str(error)  # noqa: PT017  # PyYAML 6.0.4 copies no name twice, and loads it
    else:
        assert loaded == {f"a{level}": {"x": 1} for level in range(10)}


def test_references_are_fetched_only_where_the_operator_allows_it(server):
    server.answers["/person"] = (200, {}, json.dumps({"required": ["name"], "allOf": [{"$ref": "base"}]}).encode())
    server.answers["/base"] = (200, {}, json.dumps({"properties": {"name": {"type": "string"}}}).encode())
    schema = {"$id": "https://example.org/u", "version": 1, "properties": {"user": {"$ref": f"{server.url}/person#"}}}
    log = EventLog(allowed_schemas=["https://example.org/u"])
    with pytest.raises(InvalidSchema, match="none is fetched"):
        log.register_schema(schema)
    assert server.asked == []
    log.fetch_references = True
    log.register_schema(schema)
    assert server.asked == ["/person", "/base"]
    log.record_event("https://example.org/u", 1, {"user": {"name": "x"}})
    for user in ({}, {"name": 1}):
        with pytest.raises(ValueError, match="user"):
            log.record_event("https://example.org/u", 1, {"user": user})
    assert server.asked == ["/person", "/base"]
