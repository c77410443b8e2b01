"""A journal behind another handler has its schemas, too."""

from __future__ import annotations

import logging
import logging.handlers
import multiprocessing
import pickle
import queue
import socketserver
import struct
import threading

import pytest

from jupyter_telemetry import EventLog
from jupyter_telemetry.analysis import open_journal
from jupyter_telemetry.journal import JournalHandler, JournalReader

SCHEMAS = [
    {
        "$id": "https://example.org/save",
        "version": version,
        "type": "object",
        "properties": {"name": {"type": "string"}, "size": {"type": "integer"}},
    }
    for version in (1, 2)
]
EVENTS = [{"name": "a", "size": 1}, {"size": 2}, {}]


@pytest.fixture
def journal(tmp_path):
    handler = JournalHandler(tmp_path / "journal")
    yield handler
    handler.close()


def record(handler):
    """Record EVENTS of each schema; return the capsules."""
    with EventLog(handlers=[handler], allowed_schemas=[SCHEMAS[0]["$id"]], consent="inform") as log:
        for schema in SCHEMAS:
            log.register_schema(schema)
        return [log.record_event(schema["$id"], schema["version"], event) for schema in SCHEMAS for event in EVENTS]


def holds(journal, capsules):
    """Assert that a journal holds these events, their schemas, and answers questions of them."""
    journal.close()
    reader = JournalReader(journal.directory)
    assert list(reader.events()) == capsules
    assert sorted(reader.schemas().values(), key=lambda schema: schema["version"]) == SCHEMAS
    with open_journal(journal.directory) as database:
        answer = database.sql("select name, size from example_org_save_v2 order by __id__").rows()
    assert answer == [("a", 1), (None, 2), (None, None)]


def behind_a_memory_handler(journal):
    handler = logging.handlers.MemoryHandler(4, target=journal)
    capsules = record(handler)
    handler.close()
    return capsules


def behind_a_listener(journal):
    handler = logging.handlers.QueueHandler(queue.Queue())
    listener = logging.handlers.QueueListener(handler.queue, journal)
    listener.start()
    capsules = record(handler)
    listener.stop()
    return capsules


def behind_a_listener_of_processes(journal):
    handler = logging.handlers.QueueHandler(multiprocessing.get_context("spawn").Queue())
    listener = logging.handlers.QueueListener(handler.queue, journal)
    listener.start()
    capsules = record(handler)
    listener.stop()
    handler.queue.close()
    handler.queue.join_thread()
    return capsules


def behind_both(journal):
    memory = logging.handlers.MemoryHandler(4, target=journal)
    capsules = behind_a_listener(memory)
    memory.close()
    return capsules


@pytest.mark.parametrize(
    "way", [behind_a_memory_handler, behind_a_listener, behind_a_listener_of_processes, behind_both]
)
def test_a_journal_behind_a_handler_of_logging_has_its_schemas_and_answers(journal, way):
    holds(journal, way(journal))


def test_a_journal_behind_a_filter_has_its_schemas_too(journal):
    journal.addFilter(lambda record: True)
    holds(journal, record(journal))


def test_a_journal_behind_a_socket_has_the_events_and_no_schemas(journal):
    class Receiver(socketserver.StreamRequestHandler):
        def handle(self):
            while head := self.rfile.read(4):
                sent = self.rfile.read(struct.unpack(">L", head)[0])
                journal.handle(logging.makeLogRecord(pickle.loads(sent)))

    with socketserver.TCPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        handler = logging.handlers.SocketHandler(*server.server_address)
        capsules = record(handler)
        handler.close()
        thread.join()
    journal.close()
    reader = JournalReader(journal.directory)
    assert (list(reader.events()), reader.schemas()) == (capsules, {})
    assert journal.counts() == {"written": 6, "lost": 0, "expired": 0}


def test_a_schema_that_comes_with_many_records_is_stored_once(journal):
    journal.addFilter(lambda record: True)
    record(journal)
    record(journal)
    journal.close()
    assert len(list((journal.directory / "schemas").iterdir())) == len(SCHEMAS)
