"""Schemas from files and URLs."""

from __future__ import annotations

import io
import json
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


def test_an_answer_that_drips_runs_out_of_time(server):
    stop = threading.Event()

    def drip(handler):
        handler.send_response(200)
        handler.end_headers()
        while not stop.is_set():
            try:
                handler.wfile.write(b" ")
            except OSError:
                return
            time.sleep(0.02)

    server.answers["/drip"] = drip
    with pytest.raises(InvalidSchema, match="no schema within"):
        load_url(f"{server.url}/drip", timeout_s=0.3)
    stop.set()


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
