"""The Kafka sink: against librdkafka's mock cluster, not against Kafka.

What the mock cannot show stands in kafka_mock.py.
"""

from __future__ import annotations

import json
import signal
import uuid

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from jupyter_telemetry import ConfigurationError
from jupyter_telemetry._contract import SCHEMA_ID, deliver, make_batch, numbered
from jupyter_telemetry.dispatch import CarriedTo, shipped
from jupyter_telemetry.shipping import Batch, Unavailable
from jupyter_telemetry.sinks import make_sink
from jupyter_telemetry.sinks.kafka import KafkaSink
from jupyter_telemetry.testing import SinkContract

from .running import Program, send_once

PASSWORD = "swordfish-swordfish"
# Of Kafka's protocol.
MSG_SIZE_TOO_LARGE, NOT_LEADER, TOPIC_AUTHORIZATION_FAILED, OUT_OF_ORDER, INVALID_RECORD = 10, 6, 29, 45, 87


@pytest.fixture(scope="module")
def cluster():
    """Three brokers of the mock, for all tests; each has a topic of its own."""
    program = Program("kafka_mock.py", 3)
    program.start()
    yield program
    program.kill()


@pytest.fixture
def own_cluster():
    """A broker that nobody else uses."""
    program = Program("kafka_mock.py", 1)
    program.start()
    yield program
    program.kill()


@pytest.fixture
def topic():
    """A topic that nobody else has."""
    return f"topic-{uuid.uuid4().hex}"


def messages(cluster, topic):
    """Return all messages that a topic holds, each partition's in its order."""
    consumer = Consumer(
        {
            "bootstrap.servers": cluster.said,
            "group.id": "tests",
            "enable.auto.commit": False,
            "enable.partition.eof": False,
            "check.crcs": True,
            "log_level": 0,
        }
    )
    found = []
    try:
        for partition in consumer.list_topics(topic, timeout=30).topics[topic].partitions:
            place = TopicPartition(topic, partition, OFFSET_BEGINNING)
            _, end = consumer.get_watermark_offsets(place, timeout=30)
            consumer.assign([place])
            offset = 0
            while offset < end:
                for message in consumer.consume(min(1000, end - offset), timeout=1):
                    assert message.error() is None
                    offset = message.offset() + 1
                    found.append(message)
    finally:
        consumer.close()
    return found


class TestKafkaSink(SinkContract):
    """With brokers that go down and come up again, and keep what they acknowledged, as the mock's do."""

    is_exact = False  # readers tell by the header event_id
    secrets = (PASSWORD,)

    @pytest.fixture(autouse=True)
    def _destination(self, cluster, topic, tmp_path):
        self.cluster, self.topic = cluster, topic
        (tmp_path / "password").write_text(PASSWORD)
        self.password_file = tmp_path / "password"

    def make_sink(self):
        # The mock asks for no password; librdkafka takes the option all the same.
        secret_files = {"ssl.key.password": str(self.password_file)}
        return make_sink(
            {"to": f"kafka://{self.cluster.said}/{self.topic}", "secret_files": secret_files, "timeout_s": 3}
        )

    def at_rest(self):
        return [json.loads(message.value()) for message in messages(self.cluster, self.topic)]

    def take_down(self):
        self.cluster.tell("down")

    def bring_up(self):
        self.cluster.tell("up")

    def unacceptable(self):
        return {"name": "x" * 1_500_000}


def sink_to(cluster, topic, **options):
    return KafkaSink(cluster.said, topic, **{"timeout_s": 3, **options})


def test_a_message_is_a_line_with_headers_and_the_journal_s_key(cluster, topic):
    batch = make_batch([(SCHEMA_ID, 1, {"name": "n"}), (SCHEMA_ID, "1.0", {"name": "m"})])
    send_once(sink_to(cluster, topic), batch)
    found = messages(cluster, topic)
    assert [message.value() + b"\n" for message in found] == list(batch.lines)
    assert {message.key() for message in found} == {b"0123456789abcdef"}
    assert [dict(message.headers()) for message in found] == [
        {"event_id": batch.ids[index].encode(), "schema_id": SCHEMA_ID.encode(), "schema_version": version}
        for index, version in ((0, b"1"), (1, b"1.0"))
    ]


def test_events_of_a_user_stay_in_order(cluster, topic):
    lines = []
    for index, line in enumerate(make_batch(numbered(300)).lines):
        event = json.loads(line)
        metadata = {name: event.pop(name) for name in [*event] if name.startswith("__")}
        owner = {"__subject__": f"user {index % 7}"} if index % 2 else {"__source__": f"run {index % 5}"}
        lines.append(json.dumps({**metadata, **owner, **event}, separators=(",", ":")).encode() + b"\n")
    send_once(sink_to(cluster, topic), Batch(lines, journal="j"))
    by_key = {}
    for message in messages(cluster, topic):
        by_key.setdefault(message.key().decode(), []).append(json.loads(message.value())["size"])
    assert sorted(by_key) == [*(f"run {n}" for n in range(5)), *(f"user {n}" for n in range(7))]
    assert all(sizes == sorted(sizes) for sizes in by_key.values())
    assert sum(map(len, by_key.values())) == 300


def test_the_producer_is_idempotent_whatever_the_options_say(cluster, topic, caplog):
    caplog.set_level("DEBUG", "jupyter_telemetry.shipping.kafka")
    send_once(sink_to(cluster, topic, options={"debug": "eos", "enable.idempotence": False}), make_batch(numbered(3)))
    assert "PID{Id:" in caplog.text  # the brokers know it by that, and tell by its numbers what comes again


def test_what_brokers_ask_to_be_sent_again_is_there_once_while_the_producer_lives(cluster, topic):
    batch = make_batch(numbered(500))
    sink = sink_to(cluster, topic, timeout_s=20)
    sink.open()
    cluster.tell(f"refuse {NOT_LEADER} 3")
    receipt = sink.send(batch)
    sink.close()
    assert (dict(receipt.refused), list(receipt.deferred)) == ({}, [])
    assert [json.loads(message.value())["__id__"] for message in messages(cluster, topic)] == list(batch.ids)


def test_messages_that_are_refused_together_are_tried_one_by_one(cluster, topic):
    batch = make_batch(numbered(20))
    sink = sink_to(cluster, topic, timeout_s=20)
    sink.open()
    cluster.tell(f"refuse {INVALID_RECORD} 1")
    receipt = sink.send(batch)
    sink.close()
    assert (dict(receipt.refused), list(receipt.deferred)) == ({}, [])
    assert {json.loads(message.value())["__id__"] for message in messages(cluster, topic)} == set(batch.ids)


def test_a_message_that_a_broker_refuses_is_a_dead_letter(cluster, topic):
    batch = make_batch(numbered(1))
    sink = sink_to(cluster, topic)
    sink.open()
    cluster.tell(f"refuse {MSG_SIZE_TOO_LARGE} 2")
    receipt = sink.send(batch)
    sink.close()
    assert list(receipt.refused) == [0]
    assert "MSG_SIZE_TOO_LARGE" in receipt.refused[0]
    assert messages(cluster, topic) == []


@pytest.mark.parametrize("code", [TOPIC_AUTHORIZATION_FAILED, OUT_OF_ORDER])
def test_an_error_that_is_not_the_events_makes_no_dead_letter_and_a_new_producer_goes_on(cluster, topic, code):
    batch = make_batch(numbered(50))
    sink = sink_to(cluster, topic)
    sink.open()
    cluster.tell(f"refuse {code} 1")
    assert deliver(sink, batch) == {}
    assert {json.loads(message.value())["__id__"] for message in messages(cluster, topic)} == set(batch.ids)


def test_brokers_that_hang_are_given_up_in_time(own_cluster, topic):
    sink = sink_to(own_cluster, topic, timeout_s=2)
    sink.open()
    batch = make_batch(numbered(1000))
    own_cluster.signal(signal.SIGSTOP)
    with pytest.raises(Unavailable):
        sink.send(batch)
    sink.close()
    with pytest.raises(Unavailable):
        sink.open()
    own_cluster.signal(signal.SIGCONT)
    assert deliver(sink, batch) == {}
    assert {json.loads(message.value())["__id__"] for message in messages(own_cluster, topic)} == set(batch.ids)


def test_what_comes_twice_after_a_lost_answer_is_told_by_its_header(own_cluster, topic):
    batch = make_batch(numbered(5))
    sink = sink_to(own_cluster, topic, timeout_s=30, options={"socket.timeout.ms": 1000})
    sink.open()
    own_cluster.tell("delay 2500")
    receipt = sink.send(batch)
    sink.close()
    assert (dict(receipt.refused), list(receipt.deferred)) == ({}, [])
    found = messages(own_cluster, topic)
    # librdkafka sends it again with the same sequence numbers: Kafka knows them, the mock does not look at them.
    assert len(found) == 10
    assert [dict(message.headers())["event_id"].decode() for message in found] == 2 * list(batch.ids)


def test_a_batch_longer_than_the_queue_is_sent_whole(cluster, topic):
    batch = make_batch(numbered(50_000))
    receipt = send_once(sink_to(cluster, topic, timeout_s=40), batch)
    assert (dict(receipt.refused), list(receipt.deferred)) == ({}, [])


def test_what_cannot_be_erased_is_said(cluster, topic):
    assert not sink_to(cluster, topic).erases


@pytest.mark.parametrize(
    ("url", "options", "said"),
    [
        ("kafka://ada:hidden@b:9092/t", {}, "password"),
        ("kafka://ada@b:9092/t", {}, "username"),
        ("kafka:///t", {}, "host:9092"),
        ("kafka://b:9092/t", {"options": {"sasl.password": "hidden"}}, "secret_files"),
        ("kafka://b:9092/t", {"options": {"ssl.key.pem": "hidden"}}, "secret_files"),
        ("kafka://b:9092/t", {"options": "no json"}, "options is a dict"),
        ("kafka://b:9092/t", {"options": 3}, "options is a dict"),
        ("kafka://b:9092/t", {"timeout_s": 90}, "timeout_s"),
        ("kafka://b:9092/t", {"timeout_s": "x"}, "timeout_s"),
        ("kafka://b:9092/t", {"password_file": "a", "password_variable": "B"}, "not both"),
    ],
)
def test_what_cannot_be_meant_is_said_at_once(url, options, said):
    with pytest.raises(ConfigurationError, match=said) as caught:
        make_sink({"to": url, **options})
    assert "hidden" not in str(caught.value)


def test_an_option_that_librdkafka_does_not_know_is_an_error_without_its_value():
    sink = KafkaSink("127.0.0.1:1", options='{"compression.type": "hidden"}')
    with pytest.raises(ConfigurationError, match="options") as caught:
        sink.open()
    assert "hidden" not in str(caught.value)


def test_a_password_comes_from_a_file_at_each_opening(tmp_path):
    sink = KafkaSink("127.0.0.1:1", username="ada", password_file=tmp_path / "password", timeout_s=1)
    with pytest.raises(ConfigurationError, match="password_file"):
        sink.open()
    (tmp_path / "password").write_text(PASSWORD)
    with pytest.raises(Unavailable) as caught:
        sink.open()
    assert PASSWORD not in f"{caught.value} {sink!r} {sink.name}"


def test_without_a_topic_it_is_the_default():
    assert make_sink("kafka://a:9092,b:9092").name == "kafka://a:9092,b:9092/jupyter-telemetry"


def test_several_servers_are_told_as_one_place():
    handler = {"class": "jupyter_telemetry.journal.JournalHandler", "directory": "journal"}
    told = shipped(["kafka://a:9092,b:9092/t"], [handler])
    assert told == {id(handler): (CarriedTo("kafka://a:9092,b:9092/t", False),)}
