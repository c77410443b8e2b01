"""A web server for the tests of the HTTP sink: `python web_server.py DIRECTORY PORT`; it prints a line when it listens.

It holds batches of CloudEvents to the specification, and keeps each event once by its id in DIRECTORY/events.db.
DIRECTORY/settings.json may hold {"certificate": file, "client_ca": file, "token": text}. DIRECTORY/replies.json is a
list of what it says to the next requests instead; DIRECTORY/requests.jsonl is what it was asked.

POST /in refuses a batch with an event named "refuse me" as a whole; /each takes the others, and answers 207;
/erase takes {"ids": […]} away.
"""

from __future__ import annotations

import gzip
import json
import re
import sqlite3
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import orjson
import zstandard

DIRECTORY = Path(sys.argv[1])
SETTINGS = json.loads(found.read_text()) if (found := DIRECTORY / "settings.json").exists() else {}
DATABASE = sqlite3.connect(DIRECTORY / "events.db", check_same_thread=False)
LOCK = threading.Lock()
_ATTRIBUTE = re.compile(r"[a-z0-9]{1,20}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_POST(self):
        if "Content-Length" not in self.headers:  # the connection was cut in the middle of them
            self.close_connection = True
            return
        length = int(self.headers["Content-Length"])
        with LOCK:
            with (DIRECTORY / "requests.jsonl").open("a") as log:
                log.write(json.dumps({"path": self.path, "port": self.client_address[1], **self.headers}) + "\n")
            reply = next_reply()
        if not reply.get("unread"):
            body = self.rfile.read(length)
        if reply.get("take", not reply):
            status, content = self.take(body)
        if reply.get("lost"):
            self.close_connection = True
        elif reply.get("drips"):
            self.drip()
        elif reply:
            self.answer(reply["status"], reply.get("body", "").encode(), reply.get("headers", {}))
        else:
            self.answer(status, content, {})

    def take(self, body):
        token = SETTINGS.get("token")
        if token and self.headers.get("Authorization") != f"Bearer {token}":
            return 401, b"who are you?"
        encoding = self.headers.get("Content-Encoding")
        if encoding == "gzip":
            body = gzip.decompress(body)
        elif encoding == "zstd":
            body = zstandard.ZstdDecompressor().decompress(body)
        elif encoding:
            return 415, b""
        return self.keep(body)

    def keep(self, content):
        if self.path == "/erase":
            return erase(json.loads(content)["ids"])
        if self.path not in ("/in", "/each"):
            return 404, b""
        if self.headers["Content-Type"] != "application/cloudevents-batch+json":
            return 415, b""
        return keep(orjson.loads(content), each=self.path == "/each")

    def answer(self, status, content, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def drip(self):
        """Send a byte now and then, for ever."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        try:
            while True:
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.05)
        except OSError:
            self.close_connection = True

    def log_message(self, *_):
        pass


def next_reply():
    path = DIRECTORY / "replies.json"
    replies = json.loads(path.read_text()) if path.exists() else []
    if not replies:
        return {}
    path.write_text(json.dumps(replies[1:]))
    return replies[0]


def keep(events, *, each):
    if not isinstance(events, list):
        return 400, b"no batch"
    bad = [event for event in events if is_wrong(event) or event["data"].get("name") == "refuse me"]
    if bad and not each:
        return 400, orjson.dumps(bad)
    ids = {event["id"] for event in bad}
    rows = [(event["id"], orjson.dumps(event)) for event in events if event["id"] not in ids]
    with LOCK, DATABASE:
        DATABASE.executemany("insert or ignore into events values (?, ?)", rows)
    if not bad:
        return 200, b""
    said = [{"id": event["id"], "status": 422, "reason": event["data"]["name"]} for event in bad]
    return 207, orjson.dumps([{"id": rows[0][0], "status": 201}, *said] if rows else said)


def is_wrong(event):
    """Say whether an event is no CloudEvent (CloudEvents 1.0 §Context Attributes; JSON event format §2)."""
    required = (event.get("specversion") == "1.0", *(is_text(event.get(name)) for name in ("id", "source", "type")))
    return not (
        all(required)
        and all(_ATTRIBUTE.fullmatch(name) for name in event)
        and all(type(value) in (str, int, bool) for name, value in event.items() if name != "data")
        and event["datacontenttype"] == "application/json"
        and _TIME.fullmatch(event["time"])
        and ("dataschema" not in event or ":" in event["dataschema"])
        and isinstance(event["data"], dict)
    )


def is_text(value):
    return isinstance(value, str) and value != ""


def erase(ids):
    with LOCK, DATABASE:
        DATABASE.executemany("delete from events where id = ?", [(each,) for each in ids])
    return 204, b""


def serve(handler, table):
    """Serve until killed."""
    DATABASE.execute("pragma journal_mode=wal")
    DATABASE.execute(f"create table if not exists events {table}")
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), handler)
    server.daemon_threads = True
    if "certificate" in SETTINGS:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(SETTINGS["certificate"])
        if "client_ca" in SETTINGS:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(SETTINGS["client_ca"])
        # The handshake belongs to the thread of the connection.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    print("listening", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    serve(Handler, "(id text primary key, event text) without rowid")
