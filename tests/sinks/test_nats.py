"""NATS JetStream: the contract of a sink, and a cluster whose leaders are killed, with real servers."""

from __future__ import annotations

import gc
import os
import signal
import time
from typing import TYPE_CHECKING, ClassVar

import nats.js.api
import pytest
import trustme

from jupyter_telemetry._contract import deliver, expected, make_batch, numbered, write_journal
from jupyter_telemetry.errors import ConfigurationError
from jupyter_telemetry.journal.identity import journal_name
from jupyter_telemetry.shipping import Batch, CannotErase, Shipper, Unavailable
from jupyter_telemetry.sinks import make_sink
from jupyter_telemetry.sinks.nats import NATSSink
from jupyter_telemetry.sinks.nats import sink as nats_sink
from jupyter_telemetry.sinks.options import tls_context
from jupyter_telemetry.testing import SinkContract

from .nats_servers import NATSServers
from .proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSWORD = "correct horse battery staple"
KILLS = 7


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NATSServers]:
    monkeypatch.setenv("TELEMETRY_PASSWORD", PASSWORD)
    server = NATSServers(
        tmp_path / "nats",
        settings=f'authorization {{ user: "shipper", password: "{PASSWORD}" }}',
        user="shipper",
        password=PASSWORD,
    )
    try:
        server.start()
        yield server
    finally:
        server.kill()


def sink_of(server: NATSServers, **options) -> NATSSink:
    return make_sink({"to": server.url(), "user": "shipper", "password_variable": "TELEMETRY_PASSWORD", **options})


def send(sink: NATSSink, batch: Batch):
    sink.open()
    try:
        return sink.send(batch)
    finally:
        sink.close()


def by_id(server: NATSServers) -> dict[str, dict]:
    events = server.events()
    found = {event["__id__"]: event for event in events}
    assert len(found) == len(events), "an event is there twice"
    return found


class TestNATSSink(SinkContract):
    secrets: ClassVar = (PASSWORD,)

    @pytest.fixture(autouse=True)
    def _destination(self, server: NATSServers) -> None:
        self.server = server

    def make_sink(self):
        return sink_of(self.server)

    def at_rest(self):
        return self.server.events()

    def take_down(self):
        self.server.kill()

    def bring_up(self):
        self.server.start()

    def unacceptable(self):
        return {"name": "a value that is too long" * 50_000}


# What becomes of a batch


def test_about_a_hundred_events_are_a_message_which_says_what_it_holds(server):
    batch = make_batch([*numbered(250), ("urn:with blanks; and ü", "1/2", {})])
    send(sink_of(server), batch)
    first, second, third = server.messages()
    assert [first.subject, second.subject, third.subject] == ["telemetry.0123456789abcdef"] * 3
    assert first.data == b"".join(batch.lines[:100])
    headers = dict(third.headers)
    assert len(headers.pop("Nats-Msg-Id")) == 32
    headers.pop("Nats-Expected-Last-Subject-Sequence", None)
    assert headers == {
        "Content-Type": "application/x-ndjson",
        "Nats-Expected-Stream": "TELEMETRY",
        "Telemetry-Ids": f"{batch.ids[200]} {batch.ids[250]}",
        "Telemetry-Schemas": "https://example.org/contract/save;1 urn:with%20blanks%3B%20and%20%C3%BC;1/2",
    }


def test_events_are_in_order(server):
    batch = make_batch(numbered(30_000))
    sink = sink_of(server)
    sink.open()
    sink.send(batch.part(range(20_000)))
    sink.send(batch.part(range(20_000, 30_000)))
    sink.close()
    assert [event["__id__"] for event in server.events()] == list(batch.ids)


def test_large_events_are_messages_of_their_own(server):
    batch = make_batch([("urn:s", 1, {"text": "x" * size}) for size in (10, 300_000, 900_000, 10, 200_000)])
    assert not send(sink_of(server), batch).refused
    assert [len(message.data.splitlines()) for message in server.messages()] == [1, 1, 1, 2]
    assert by_id(server) == expected(batch)


def test_a_limit_of_the_stream_holds(server):
    config = nats.js.api.StreamConfig(name="TELEMETRY", subjects=["telemetry.>"], max_msg_size=8192)
    server.ask(lambda context: context.add_stream(config))
    batch = make_batch([*numbered(100), ("urn:s", 1, {"text": "secret" * 1000})])
    assert deliver(sink_of(server), batch) == {100: "the event is larger than the server takes, 4096 bytes"}
    assert by_id(server) == expected(batch.part(range(100)))


# Once


@pytest.mark.parametrize("ids", ["as they are", "no UUIDs"])
@pytest.mark.parametrize("sent_before", [True, False])
def test_a_batch_that_comes_again_after_the_window_is_there_once(server, sent_before, ids):
    batch = make_batch(numbered(1000))
    if ids == "no UUIDs":
        lines = [
            line.replace(id_.encode(), f"ü {id_[::-1]}".encode())
            for line, id_ in zip(batch.lines, batch.ids, strict=True)
        ]
        batch = Batch(lines, journal="j")
    send(sink_of(server, duplicate_window_s=0.1), batch.part(range(730)))
    time.sleep(0.3)
    sink = sink_of(server)
    sink.open()
    for start, end in ((0, 400), (350, 800), (800, 1000), (100, 120)):
        part = batch.part(range(start, end))
        assert not sink.send(Batch(part.lines, journal=part.journal, sent_before=sent_before)).refused
        if start == 350 and not sent_before:
            sink.close()  # of what it published itself a sink takes for granted that it is not sent again
            sink.open()
    sink.close()
    sink = sink_of(server)
    send(sink, batch)
    assert by_id(server) == expected(batch)


def test_a_cursor_that_was_deleted_makes_no_copy(server, tmp_path):
    batch = make_batch(numbered(5000))
    journal = write_journal(tmp_path / "journal", batch)
    first = Shipper(journal, sink_of(server, duplicate_window_s=0.1), batch_events=450)
    assert first.ship(60)
    time.sleep(0.3)
    (first.place / "cursor.json").unlink()
    assert Shipper(journal, sink_of(server), batch_events=700).ship(60)
    assert by_id(server) == expected(batch)
    assert {message.subject for message in server.messages()} == {f"telemetry.{journal_name(journal)}"}


@pytest.mark.parametrize("moment", [-0.9, -0.1, 0, 0.1, 0.9])
def test_a_batch_of_about_the_moment_of_the_last_message_arrives(server, monkeypatch, moment):
    monkeypatch.setattr(nats_sink, "CLOCKS_S", moment)
    batch = make_batch(numbered(200))
    send(sink_of(server), batch.part(range(100)))
    send(sink_of(server), make_batch(numbered(100)))
    send(sink_of(server), batch.part(range(100, 200)))
    assert len(by_id(server)) == 300


def test_what_somebody_else_publishes_on_the_subject_does_not_matter(server):
    batch = make_batch(numbered(100))
    send(sink_of(server), batch.part(range(50)))
    subject = server.messages()[0].subject
    server.ask(lambda context: context.publish(subject, b"{}\n\xff no event\n"))
    send(sink_of(server), batch)
    assert [len(message.data.splitlines()) for message in server.messages()] == [50, 2, 50]


def test_journals_do_not_get_into_each_others_way(server):
    batches = [Batch(make_batch(numbered(300)).lines, journal=name) for name in ("a", "b", "a", "b")]
    sink, other = sink_of(server), sink_of(server)
    sink.open()
    for batch in batches:
        sink.send(batch)
        send(other, batch)
    send(other, Batch(make_batch(numbered(1)).lines, journal="a"))
    with pytest.raises(Unavailable, match="another shipper"):
        sink.send(Batch(make_batch(numbered(1)).lines, journal="a"))
    sink.close()
    assert len(by_id(server)) == 1201


def test_messages_whose_acknowledgements_are_lost_are_not_published_again(server):
    batch = make_batch(numbered(10_000))
    proxy = Proxy(server.ports[0])
    try:
        sink = sink_of(server, to=f"nats://127.0.0.1:{proxy.port}", duplicate_window_s=0.1)
        sink.open()
        proxy.lose_reply_to = batch.ids[6_000].encode()
        with pytest.raises(Unavailable, match="ConnectionError"):
            sink.send(batch)
        sink.close()
        assert len(server.events()) > 100
        time.sleep(0.3)
        send(sink, batch)
    finally:
        proxy.close()
    assert by_id(server) == expected(batch)


def test_a_connection_that_is_cut_while_the_stream_is_read_is_said_once(server, caplog):
    batch = make_batch(numbered(300))
    send(sink_of(server), batch)
    proxy = Proxy(server.ports[0])
    try:
        sink = sink_of(server, to=f"nats://127.0.0.1:{proxy.port}")
        sink.open()
        proxy.lose_reply_to = b"CONSUMER.MSG.NEXT"
        with pytest.raises(Unavailable, match="ConnectionError"):
            sink.send(batch.part(range(300), sent_before=True))
        assert not proxy.lose_reply_to
        sink.close()
    finally:
        proxy.close()
    gc.collect()  # of a task whose end nobody has heard of, asyncio says so when it goes
    assert [record.getMessage() for record in caplog.records] == []


def test_a_server_that_was_started_anew_while_nothing_was_sent_is_no_failure(server):
    batch = make_batch(numbered(20))
    sink = sink_of(server)
    sink.open()
    sink.send(batch.part(range(10)))
    server.kill()
    server.start()
    sink.send(batch.part(range(10, 20)))
    sink.close()
    assert by_id(server) == expected(batch)


def test_a_server_that_is_stopped_is_given_up(server, monkeypatch):
    batch = make_batch(numbered(500))
    sink = sink_of(server, duplicate_window_s=0.1)
    sink.open()
    monkeypatch.setattr(nats_sink, "SEND_TIMEOUT_S", 0.5)
    server.process().send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(Unavailable, match="Timeout"):
            sink.send(batch)
        sink.close()
    finally:
        server.process().send_signal(signal.SIGCONT)
    send(sink, batch)
    assert by_id(server) == expected(batch)


def test_a_cluster_whose_leader_is_killed_seven_times_loses_nothing(tmp_path):
    batch = make_batch(numbered(40_000))
    journal = write_journal(tmp_path / "journal", batch)
    servers = NATSServers(tmp_path / "servers", 3)
    try:
        servers.start()
        sink = NATSSink(servers.url(), replicas=3)
        sink.open()
        sink.close()
        shipper = Shipper(
            journal, sink, batch_events=1000, batch_age_s=0.01, first_backoff_s=0.05, longest_backoff_s=0.5
        )
        shipper.start()
        for kills in range(1, KILLS + 1):
            deadline = time.monotonic() + 120
            while shipper.state.delivered_events < 4000 * kills and time.monotonic() < deadline:
                time.sleep(0.002)
            leader = servers.leader("TELEMETRY")
            servers.kill_one(leader)
            time.sleep(0.2)
            servers.start_one(leader)
        assert shipper.stop(120), shipper.state.reason
        servers.wait()
        assert by_id(servers) == expected(batch)
    finally:
        servers.kill()


# The stream


def test_the_stream_is_made_as_configured(server):
    sink = sink_of(server, stream="NOTEBOOKS", prefix="org.events", duplicate_window_s=30, max_age_s=86400)
    send(sink, make_batch(numbered(1)))
    config = server.ask(lambda context: context.stream_info("NOTEBOOKS")).config
    assert (config.subjects, config.storage, config.num_replicas) == (["org.events.*"], "file", 1)
    assert (config.duplicate_window, config.max_age) == (30, 86400)
    assert len(server.events("NOTEBOOKS")) == 1
    assert sink.name.endswith("/NOTEBOOKS/org.events")


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"storage": "memory"}, "in memory"),
        ({"retention": "workqueue"}, "deletes what was read"),
        ({"no_ack": True}, "acknowledges nothing"),
        ({"subjects": ["telemetry.a", "other.*", "telemetry.*.>"]}, "does not take the subjects telemetry.*"),
        ({"max_msg_size": 4000}, "allowed more than 4096 bytes"),
        ({}, "has 1 replicas, not 3"),
    ],
)
def test_a_stream_that_does_not_do_is_refused(server, config, why):
    made = {"name": "TELEMETRY", "subjects": ["telemetry.*"], **config}
    server.ask(lambda context: context.add_stream(nats.js.api.StreamConfig(**made)))
    with pytest.raises(ConfigurationError, match=why.replace("*", r"\*")):
        sink_of(server, replicas=1 if config else 3).open()


def test_nothing_can_be_erased_and_it_is_said_what_can_be_done(server):
    with pytest.raises(CannotErase, match="max_age"):
        sink_of(server).erase(["x"])


# Connections


def test_what_is_not_open_is_unavailable():
    with pytest.raises(Unavailable, match="not open"):
        NATSSink().send(make_batch(numbered(1)))


def test_a_wrong_password_is_said_and_not_shown(server, tmp_path):
    file = tmp_path / "password"
    file.write_text("wrong and secret\n")
    sink = NATSSink(server.url(), user="shipper", password_file=str(file))
    with pytest.raises(Unavailable, match="Authorization Violation") as caught:
        sink.open()
    assert "secret" not in f"{caught.value} {sink!r}"
    file.write_text(PASSWORD)
    assert not send(sink, make_batch(numbered(1))).refused


def test_who_may_not_publish_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(nats_sink, "ACK_TIMEOUT_S", 0.3)
    servers = NATSServers(
        tmp_path,
        settings="""authorization { users: [ { user: a, password: a }, { user: b, password: "swordfish",
        permissions: { publish: { deny: "telemetry.>" } } } ] }""",
        user="a",
        password="a",
    )
    try:
        servers.start()
        (tmp_path / "password").write_text("swordfish")
        with pytest.raises(Unavailable, match=r"[Pp]ermissions [Vv]iolation") as caught:
            send(NATSSink(servers.url(), user="b", password_file=str(tmp_path / "password")), make_batch(numbered(1)))
        assert "swordfish" not in str(caught.value)
    finally:
        servers.kill()


def test_an_nkey_from_a_file_opens(tmp_path):
    import nkeys

    seed = nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER)
    (tmp_path / "seed").write_bytes(seed)
    public = nkeys.from_seed(bytearray(seed)).public_key.decode()
    servers = NATSServers(
        tmp_path / "n",
        settings=f"authorization {{ users: [ {{ nkey: {public} }} ] }}",
        nkeys_seed=str(tmp_path / "seed"),
    )
    batch = make_batch(numbered(10))
    try:
        servers.start()
        sink = make_sink({"to": servers.url(), "nkey_file": str(tmp_path / "seed")})
        assert not send(sink, batch).refused
        assert by_id(servers) == expected(batch)
    finally:
        servers.kill()


def test_tls_with_certificates_on_both_sides_and_a_token(tmp_path, monkeypatch):
    authority = trustme.CA()
    place = tmp_path / "pki"
    place.mkdir()
    authority.cert_pem.write_to_path(place / "ca.pem")
    for name, issued in (("server", authority.issue_cert("127.0.0.1")), ("client", authority.issue_cert("me@x.org"))):
        issued.private_key_and_cert_chain_pem.write_to_path(place / f"{name}.pem")
    ca, certificate, key = (str(place / f"{name}.pem") for name in ("ca", "server", "server"))
    options = {"ca_file": ca, "client_certificate_file": str(place / "client.pem"), "token_variable": "TELEMETRY_TOKEN"}
    monkeypatch.setenv("TELEMETRY_TOKEN", "swordfish")
    servers = NATSServers(
        tmp_path / "n",
        settings=f"""tls {{ cert_file: {certificate}, key_file: {key}, ca_file: {ca}, verify: true }}
        authorization {{ token: swordfish }}""",
        tls=tls_context("the tests", ca, options["client_certificate_file"]),
        token="swordfish",
    )
    batch = make_batch(numbered(10))
    try:
        servers.start()
        assert not send(make_sink({"to": servers.url("tls"), **options}), batch).refused
        assert by_id(servers) == expected(batch)
        monkeypatch.setattr(nats_sink, "CONNECT_TIMEOUT_S", 1.0)
        with pytest.raises(Unavailable, match="SSLCertVerificationError"):
            NATSSink(servers.url("tls"), token_variable="TELEMETRY_TOKEN").open()
    finally:
        servers.kill()


def test_an_unreadable_certificate_is_said(tmp_path):
    (tmp_path / "ca.pem").write_text("no")
    with pytest.raises(ConfigurationError, match="holds no certificates"):
        NATSSink("tls://127.0.0.1", ca_file=str(tmp_path / "ca.pem")).open()


@pytest.mark.parametrize(
    ("url", "options", "why"),
    [
        ("nats://me:swordfish@one", {}, "holds a password"),
        ("nats://swordfish@one", {}, "names a user"),
        ("nats://", {}, "must be such as"),
        ("nats://one,", {}, "must be such as"),
        ("nats://one/A", {"stream": "B"}, "two|another"),
        ("nats://one/A.B", {}, "stream must have"),
        ("nats://one", {"prefix": "a.*"}, "prefix must have"),
        ("nats://one", {"replicas": 9}, "replicas must be"),
        ("nats://one", {"max_age_s": "1d"}, "max_age_s is a number"),
        ("nats://one", {"swordfish": 1}, "its options are"),
    ],
)
def test_what_cannot_be_meant_is_refused(url, options, why):
    with pytest.raises(ConfigurationError, match=why) as caught:
        make_sink({"to": url, **options})
    assert "swordfish" not in str(caught.value) or "swordfish" in options


def test_its_name_says_which_subjects():
    assert make_sink("nats://one,two:42/EVENTS").name == "nats://one:4222,two:42/EVENTS/telemetry"
    assert make_sink("tls://one").name == "nats://one:4222/TELEMETRY/telemetry"
