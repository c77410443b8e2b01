"""The HTTP sink: against a server that holds CloudEvents to their specification and keeps each id once."""

from __future__ import annotations

import json
import socket
import time
from email.utils import formatdate

import pytest
import trustme

from jupyter_telemetry import ConfigurationError
from jupyter_telemetry._contract import SCHEMA_ID, again, deliver, expected, make_batch, numbered, write_journal
from jupyter_telemetry.shipping import CannotErase, Refused, Shipper, TooLarge, Unavailable
from jupyter_telemetry.sinks import make_sink
from jupyter_telemetry.sinks.http import HTTPSink
from jupyter_telemetry.testing import SinkContract

from .running import WebServer, as_recorded, send_once

TOKEN = "swordfish-swordfish"


def kept(server):
    """Return the CloudEvents that a server has."""
    return [json.loads(event) for (event,) in server.rows("select event from events")]


@pytest.fixture
def server(tmp_path):
    """A server without TLS."""
    place = tmp_path / "web"
    place.mkdir()
    server = WebServer("web_server.py", place)
    server.start()
    yield server
    server.kill()


class TestHTTPSink(SinkContract):
    """Without TLS, with zstd, to a server that refuses a batch as a whole."""

    @pytest.fixture(autouse=True)
    def _destination(self, server):
        self.server = server

    def make_sink(self):
        return HTTPSink(self.server.url(), compression="zstd", erase_url=self.server.url("/erase"))

    def at_rest(self):
        return [as_recorded(event) for event in kept(self.server)]

    def take_down(self):
        self.server.kill()

    def bring_up(self):
        self.server.start()

    def unacceptable(self):
        return {"name": "refuse me"}


class TestHTTPSinkWithEverything(TestHTTPSink):
    """By mutual TLS, with a token and gzip, to a server that answers for each event."""

    secrets = (TOKEN, "a key in the query")

    @pytest.fixture(autouse=True)
    def _destination(self, tmp_path):
        authority = trustme.CA()
        (tmp_path / "web").mkdir()
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
        authority.issue_cert("client@example.org").private_key_and_cert_chain_pem.write_to_path(tmp_path / "client.pem")
        (tmp_path / "token").write_text(f"{TOKEN}\n")
        self.place = tmp_path
        self.server = WebServer(
            "web_server.py",
            tmp_path / "web",
            certificate=str(tmp_path / "server.pem"),
            client_ca=str(tmp_path / "ca.pem"),
            token=TOKEN,
        )
        self.server.start()
        yield
        self.server.kill()

    def make_sink(self):
        options = {"ca_file": self.place / "ca.pem", "client_certificate_file": self.place / "client.pem"}
        return make_sink({"to": self.server.url("/each", "https"), "token_file": self.place / "token", **options})

    def test_a_server_that_nobody_vouches_for_gets_nothing(self):
        sink = HTTPSink(self.server.url("/each", "https"), token_file=self.place / "token")
        with pytest.raises(Unavailable, match="certificate is not trusted"):
            self.send(sink, make_batch(numbered(1)))
        assert not (self.server.directory / "requests.jsonl").exists()

    def test_a_scheme_in_capitals_is_the_same(self):
        sink = HTTPSink(self.server.url("/each", "HTTPS"), token_file=self.place / "token")
        with pytest.raises(Unavailable, match="certificate is not trusted"):
            self.send(sink, make_batch(numbered(1)))

    def test_a_client_that_nobody_vouches_for_is_turned_away(self):
        stranger = trustme.CA().issue_cert("stranger@example.org")
        stranger.private_key_and_cert_chain_pem.write_to_path(self.place / "stranger.pem")
        sink = HTTPSink(
            self.server.url("/each", "https"),
            ca_file=self.place / "ca.pem",
            client_certificate_file=self.place / "stranger.pem",
        )
        with pytest.raises(Unavailable, match=r"TLS|Broken pipe|reset"):
            self.send(sink, make_batch(numbered(1)))

    def test_a_token_that_expired_makes_no_dead_letter_and_a_fresh_one_is_read(self, tmp_path):
        (self.place / "token").write_text("expired")
        journal = write_journal(tmp_path / "journal", batch := make_batch(numbered(30)))
        shipper = Shipper(journal, self.make_sink(), first_backoff_s=0.02, longest_backoff_s=0.05)
        assert not shipper.ship(0.5)
        assert "401 Unauthorized" in shipper.state.reason
        assert "expired" not in shipper.state.reason
        assert self.found() == {}
        (self.place / "token").write_text(TOKEN)
        assert shipper.ship(30)
        assert shipper.state.refused_events == 0
        assert self.found() == expected(batch)

    @pytest.mark.parametrize("option", ["token_file", "headers_file", "client_certificate_file", "ca_file"])
    def test_a_file_that_is_not_there_is_an_error_of_configuration(self, option):
        options = {"ca_file": self.place / "ca.pem", option: self.place / "nothing"}
        with pytest.raises(ConfigurationError, match=option):
            HTTPSink(self.server.url("/each", "https"), **options).open()


def test_batches_go_over_one_connection(server):
    sink = HTTPSink(server.url())
    for _ in range(5):
        sink.send(make_batch(numbered(3)))
    sink.close()
    requests = server.requests()
    assert len(requests) == 5
    assert len({request["port"] for request in requests}) == 1
    assert {request["Content-Type"] for request in requests} == {"application/cloudevents-batch+json"}
    assert {request["Content-Encoding"] for request in requests} == {"gzip"}


def test_headers_come_from_a_file(server, tmp_path):
    (tmp_path / "headers").write_text("X-Api-Key: s3cret value\n\nX-Team: a:b\n")
    (tmp_path / "token").write_text(TOKEN)
    sink = HTTPSink(server.url(), headers_file=tmp_path / "headers", token_file=tmp_path / "token", compression="none")
    sink.send(make_batch(numbered(1)))
    sink.close()
    (request,) = server.requests()
    assert (request["X-Api-Key"], request["X-Team"]) == ("s3cret value", "a:b")
    assert request["Authorization"] == f"Bearer {TOKEN}"
    assert "Content-Encoding" not in request


def test_a_lost_answer_leaves_each_event_once(server):
    batch = make_batch(numbered(20))
    sink = HTTPSink(server.url())
    server.replies({"take": True, "lost": True})
    with pytest.raises(Unavailable):
        send_once(sink, batch)
    assert len(kept(server)) == 20
    send_once(sink, again(batch))
    assert {event["id"]: as_recorded(event) for event in kept(server)} == expected(batch)


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, Refused), (422, Refused), (409, Refused), (413, TooLarge)]
    + [(status, Unavailable) for status in (301, 307, 401, 403, 404, 405, 408, 415, 429, 500, 502, 503, 507, 599)],
)
def test_a_status_says_what_is_to_become_of_a_batch(server, status, error):
    server.replies({"status": status, "body": "event 0 is bad", "headers": {"Location": "/each"}})
    with pytest.raises(error) as caught:
        send_once(HTTPSink(server.url()), make_batch(numbered(2)))
    assert type(caught.value) is error
    assert str(status) in str(caught.value)
    assert "event 0" not in str(caught.value)
    assert len(server.requests()) == 1  # no redirect is followed, nothing is tried again
    assert kept(server) == []


def test_an_answer_before_the_body_was_read_is_heard(server):
    server.replies({"status": 413, "unread": True, "headers": {"Connection": "close"}})
    with pytest.raises(TooLarge):
        send_once(HTTPSink(server.url(), compression="none"), make_batch(numbered(10)))


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_2xx_says_that_all_is_at_rest(server, status):
    server.replies({"status": status})
    receipt = send_once(HTTPSink(server.url()), make_batch(numbered(2)))
    assert (dict(receipt.refused), list(receipt.deferred)) == ({}, [])


@pytest.mark.parametrize(("written", "seconds"), [("7", 7.0), ("soon", None), ("", None), ("-1", None)])
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_in_seconds_is_passed_on(server, status, written, seconds):
    server.replies({"status": status, "headers": {"Retry-After": written}})
    with pytest.raises(Unavailable) as caught:
        send_once(HTTPSink(server.url()), make_batch(numbered(1)))
    assert caught.value.retry_after_s == seconds


def test_retry_after_as_a_date_is_passed_on(server):
    server.replies(
        {"status": 503, "headers": {"Retry-After": formatdate(time.time() + 1000, usegmt=True)}},
        {"status": 503, "headers": {"Retry-After": formatdate(0, usegmt=True)}},
    )
    sink = HTTPSink(server.url())
    with pytest.raises(Unavailable) as caught:
        sink.send(make_batch(numbered(1)))
    assert 900 < caught.value.retry_after_s <= 1000
    with pytest.raises(Unavailable) as caught:
        sink.send(make_batch(numbered(1)))
    assert caught.value.retry_after_s == 0
    sink.close()


def test_207_tells_refused_from_deferred(server):
    batch = make_batch(numbered(8))
    statuses = {1: 400, 2: 429, 3: 503, 4: 201, 5: 403, 6: 408}
    body = [{"id": batch.ids[index], "status": status, "reason": "event"} for index, status in statuses.items()]
    body.append({"id": "of another batch", "status": 400})
    server.replies({"status": 207, "body": json.dumps(body), "headers": {"Retry-After": "3"}})
    receipt = send_once(HTTPSink(server.url()), batch)
    assert sorted(receipt.refused) == [1, 5]
    assert list(receipt.deferred) == [2, 3, 6]
    assert receipt.retry_after_s == 3
    assert all("event" not in reason.replace("for it", "") for reason in receipt.refused.values())


@pytest.mark.parametrize("body", ["", "all is well", "{}", "3", '[{"id":"x"}]', '["x"]', '[{"id":"x","status":"bad"}]'])
def test_207_that_cannot_be_read_is_no_acknowledgement(server, body):
    server.replies({"status": 207, "body": body})
    with pytest.raises(Unavailable, match="207"):
        send_once(HTTPSink(server.url()), make_batch(numbered(1)))


def test_deferred_events_are_sent_again_and_the_others_are_not(server):
    batch = make_batch(numbered(4))
    body = [{"id": batch.ids[index], "status": 503} for index in (1, 3)]
    server.replies({"status": 207, "body": json.dumps(body)})
    assert deliver(HTTPSink(server.url()), batch) == {}
    assert sorted(event["id"] for event in kept(server)) == [batch.ids[1], batch.ids[3]]


def test_a_server_that_drips_is_given_up_in_time(server):
    server.replies({"drips": True})
    with pytest.raises(Unavailable, match="in time"):
        send_once(HTTPSink(server.url(), timeout_s=0.5), make_batch(numbered(1)))


def test_a_server_that_reads_nothing_is_given_up_in_time():
    large = make_batch([(SCHEMA_ID, 1, {"name": "x" * 100_000})] * 200)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/in"
        with pytest.raises(Unavailable, match="in time"):
            send_once(HTTPSink(url, timeout_s=0.5, compression="none"), large)


def test_a_name_that_leads_nowhere_is_unavailable():
    with pytest.raises(Unavailable, match="no address"):
        send_once(HTTPSink("http://nowhere.invalid/in"), make_batch(numbered(1)))


def test_erasing_goes_on_being_asked_for_unless_the_server_cannot(server):
    sink = HTTPSink(server.url(), erase_url=server.url("/erase"))
    for status, error in (
        (400, Unavailable),
        (503, Unavailable),
        (401, Unavailable),
        (404, CannotErase),
        (501, CannotErase),
    ):
        server.replies({"status": status})
        with pytest.raises(error, match=f"/erase.*{status}|{status}"):
            sink.erase(["01a00000-0000-7000-8000-000000000000"])
    sink.close()


def test_many_ids_are_erased_in_parts(server):
    batch = make_batch(numbered(20))
    sink = HTTPSink(server.url(), erase_url=server.url("/erase"))
    sink.send(batch)
    sink.erase([*(f"{n:036d}" for n in range(7000)), *batch.ids])
    sink.close()
    assert kept(server) == []
    assert [request["path"] for request in server.requests()] == ["/in", "/erase", "/erase"]


@pytest.mark.parametrize(
    ("url", "options", "said"),
    [
        ("https://user:hidden@example.org/", {}, "password"),
        ("https://user@example.org/", {}, "no user"),
        ("https://example.org/#part", {}, "no fragment"),
        ("ftp://example.org/", {}, "write a URL"),
        ("https:///in", {}, "write a URL"),
        ("https://example.org:port/", {}, "write a URL"),
        ("https://example.org/", {"compression": "lzma"}, "compression"),
        ("https://example.org/", {"timeout_s": 600}, "timeout_s"),
        ("https://example.org/", {"timeout_s": "long"}, "timeout_s"),
        ("https://example.org/", {"client_key_file": "key"}, "client_certificate_file"),
        ("https://example.org/", {"token_file": "a", "token_variable": "B"}, "not both"),
        ("https://example.org/", {"erase_url": "https://example.com/"}, "same server"),
        ("https://example.org/", {"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_meant_is_said_at_once(url, options, said):
    with pytest.raises(ConfigurationError, match=said) as caught:
        make_sink({"sink": "http", "to": url, **options})
    assert "hidden" not in str(caught.value)


def test_what_follows_the_question_mark_is_not_shown_but_tells_destinations_apart():
    names = [HTTPSink(f"https://example.org/in?key={key}").name for key in ("abc", "def")]
    assert len(set(names)) == 2
    assert all(name.startswith("https://example.org/in?") and "key" not in name for name in names)


def test_no_log_shows_what_follows_the_question_mark(server, caplog):
    with caplog.at_level("DEBUG"), pytest.raises(Unavailable, match="answers 404") as caught:
        send_once(HTTPSink(server.url("/elsewhere?key=swordfish")), make_batch(numbered(3)))
    assert "swordfish" not in f"{caplog.text} {caught.value}"
