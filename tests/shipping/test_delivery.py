"""A batch is sent until it is taken; what never will be is found, and nothing else is refused."""

from __future__ import annotations

import pytest
from journal.lines import line

from jupyter_telemetry.errors import ConfigurationError
from jupyter_telemetry.lockfile import LockLost
from jupyter_telemetry.shipping import Batch, Receipt, Refused, TooLarge, Unavailable
from jupyter_telemetry.shipping.backoff import Backoff
from jupyter_telemetry.shipping.carrier import MOST_DOUBTS
from jupyter_telemetry.shipping.delivery import ODD_TRIES, Delivery


class GaveUp(Exception):
    pass


class ScriptedSink:
    """Calls a function with what is sent: the numbers of the events."""

    def __init__(self, answer):
        self.answer = answer
        self.calls = []
        self.taken = []

    def open(self):
        self.calls.append("open")

    def close(self):
        self.calls.append("close")

    def send(self, batch):
        numbers = [event["number"] for event in batch.events]
        self.calls.append((numbers, batch.sent_before))
        receipt = self.answer(numbers) or Receipt()
        self.taken += [
            number for index, number in enumerate(numbers) if index not in {*receipt.refused, *receipt.deferred}
        ]
        return receipt


@pytest.fixture
def make():
    """Make a delivery; it gives up after so many waits, and tells what it waited and for what reason."""

    def make_one(answer, most_waits=30, heed=lambda: None):
        waits, reasons = [], []

        def pause(wait_s):
            waits.append(wait_s)
            if len(waits) > most_waits:
                raise GaveUp

        sink = ScriptedSink(answer)
        delivery = Delivery(sink, Backoff(1.0, 8.0, lambda: 1.0), pause, reasons.append, heed)
        return delivery, sink, waits, reasons

    return make_one


def batch(count, **settings):
    return Batch([line(number) for number in range(count)], **settings)


def in_turn(*answers):
    """Answer one after the other, and then well."""
    left = list(answers)

    def answer(numbers):
        if not left:
            return None
        found = left.pop(0)
        if isinstance(found, BaseException):
            raise found
        return found

    return answer


def fails_with(error, *bad):
    """Fail whenever one of the bad is there."""

    def answer(numbers):
        if set(bad) & set(numbers):
            raise error
        return

    return answer


def test_a_batch_that_is_taken_is_sent_once(make):
    delivery, sink, waits, _ = make(in_turn())
    assert delivery.deliver(batch(3)) == {}
    assert delivery.deliver(batch(2)) == {}
    assert sink.calls == ["open", ([0, 1, 2], False), ([0, 1], False)]
    assert waits == []


def test_while_the_destination_cannot_be_had_the_same_is_sent_again_over_a_new_connection(make):
    delivery, sink, waits, reasons = make(in_turn(Unavailable("down"), Unavailable("busy", retry_after_s=20.0)))
    assert delivery.deliver(batch(2)) == {}
    assert sink.calls == ["open", ([0, 1], False), "close", "open", ([0, 1], True), "close", "open", ([0, 1], True)]
    assert (waits, reasons, delivery.retries) == ([1.0, 22.0], ["down", "busy"], 2)


def test_it_may_be_given_up_between_two_parts_of_a_batch_that_is_split(make):
    calls = []

    def heed():
        calls.append(1)
        if len(calls) == 3:
            raise GaveUp

    delivery, sink, waits, _ = make(fails_with(Refused("no"), 0, 3), heed=heed)
    with pytest.raises(GaveUp):
        delivery.deliver(batch(4))
    assert (sink.calls, waits) == (["open", ([0, 1, 2, 3], False), ([0, 1], False), ([0], False)], [])


def test_waits_begin_anew_after_a_success(make):
    delivery, _, waits, _ = make(in_turn(Unavailable("a"), Unavailable("b"), Receipt(), Unavailable("c")))
    delivery.deliver(batch(1))
    delivery.deliver(batch(1))
    assert waits == [1.0, 2.0, 1.0]


def test_what_is_refused_is_found_and_the_rest_is_taken_in_its_order(make):
    delivery, sink, waits, _ = make(fails_with(Refused("not this"), 2, 5))
    assert delivery.deliver(batch(7)) == {2: "not this", 5: "not this"}
    assert sink.taken == [0, 1, 3, 4, 6]
    assert waits == []
    assert not any(sent_before for call in sink.calls[1:] for sent_before in call[1:])


def test_a_batch_that_is_too_large_is_split(make):
    def answer(numbers):
        if len(numbers) > 2:
            raise TooLarge("too large")

    delivery, sink, _, _ = make(answer)
    assert delivery.deliver(batch(8)) == {}
    assert [len(call[0]) for call in sink.calls[1:]] == [8, 4, 2, 2, 4, 2, 2]
    assert sink.taken == list(range(8))


def test_an_event_that_is_too_large_alone_is_refused(make):
    delivery, _, _, _ = make(fails_with(TooLarge("too large"), 0))
    assert delivery.deliver(batch(1)) == {0: "too large"}


def test_of_a_batch_that_is_taken_in_part_the_rest_is_sent_again(make):
    delivery, sink, waits, _ = make(
        in_turn(Receipt({1: "no"}, (0, 3), 9.0), Receipt({}, (1,)), Receipt({0: "nor this"}))
    )
    assert delivery.deliver(batch(5)) == {1: "no", 3: "nor this"}
    assert [call for call in sink.calls if isinstance(call, tuple)] == [
        ([0, 1, 2, 3, 4], False),
        ([0, 3], True),
        ([3], True),
    ]
    assert sink.taken == [2, 4, 0]
    assert waits == [10.0, 1.0]


def test_waits_grow_while_all_is_deferred(make):
    delivery, _, waits, _ = make(in_turn(*[Receipt({}, (0,))] * 4))
    delivery.deliver(batch(1))
    assert waits == [1.0, 2.0, 4.0, 8.0]


def test_a_sink_that_fails_oddly_for_a_while_refuses_nothing(make):
    delivery, sink, waits, reasons = make(in_turn(*[RuntimeError("a value")] * 12))
    assert delivery.deliver(batch(4)) == {}
    assert sorted(sink.taken) == [0, 1, 2, 3]
    assert set(reasons) == {"the sink failed: RuntimeError"}
    assert len(waits) > 5


@pytest.mark.parametrize("bad", [(0,), (3,), (7,), (6, 7), (0, 1), (2, 5)], ids=str)
def test_an_event_that_makes_the_sink_fail_oddly_is_found_wherever_it_stands(make, bad):
    delivery, sink, _, _ = make(fails_with(ZeroDivisionError("a value"), *bad), most_waits=100)
    assert delivery.deliver(batch(8)) == dict.fromkeys(bad, "the sink failed: ZeroDivisionError")
    assert sorted(sink.taken) == sorted(set(range(8)) - set(bad))


def test_after_an_odd_failure_nothing_goes_over_the_old_connection(make):
    delivery, sink, _, _ = make(fails_with(ZeroDivisionError(), 3))
    delivery.deliver(batch(8))
    failed = [index for index, call in enumerate(sink.calls) if isinstance(call, tuple) and 3 in call[0]]
    assert {sink.calls[index + 1] for index in failed} == {"close"}


def test_a_sink_that_fails_oddly_for_ever_refuses_nothing(make):
    delivery, _, waits, _ = make(fails_with(OSError(), *range(100)), most_waits=200)
    with pytest.raises(GaveUp):
        delivery.deliver(batch(100))
    assert len(waits) == 201


def test_a_sink_that_dies_oddly_in_the_middle_refuses_nothing(make):
    alive = [True] * 3

    def answer(numbers):
        if len(numbers) > 50 or not alive or alive.pop() is None:
            raise OSError

    delivery, sink, _, _ = make(answer, most_waits=300)
    with pytest.raises(GaveUp):
        delivery.deliver(batch(200))
    assert len(sink.taken) > 50


def test_an_open_that_fails_oddly_is_no_events_fault(make):
    delivery, sink, _, reasons = make(in_turn(), most_waits=10)
    failures = [OSError("a value")] * 8

    def open_sink():
        if failures:
            raise failures.pop()

    sink.open = open_sink
    assert delivery.deliver(batch(1)) == {}
    assert reasons == ["the sink failed: OSError"] * 8


@pytest.mark.parametrize("receipt", [None, "x", Receipt({3: "no"}), Receipt({}, (-1,)), Receipt({"a": "b"})], ids=repr)
def test_a_receipt_that_makes_no_sense_is_an_odd_failure(make, receipt):
    class Sink(ScriptedSink):
        def send(self, batch):
            super().send(batch)
            return receipt if len(self.calls) < 4 else Receipt()

    delivery, _, _, reasons = make(in_turn())
    delivery._sink = Sink(in_turn())
    assert delivery.deliver(batch(3)) == {}
    assert reasons
    assert all(reason.startswith("the sink failed: ") for reason in reasons)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("\udc80\n\x1b[2J", "\\udc80\\n\\x1b[2J"),
        ("x" * 10**6, "x" * 999 + "…"),
        (b"a value", "no reason, but a bytes"),
        (ValueError("a value"), "no reason, but a ValueError"),
        (None, "no reason, but a NoneType"),
    ],
    ids=["not UTF-8", "too long", "bytes", "an error", "None"],
)
def test_whatever_a_sink_gives_for_a_reason_it_can_be_written_down(make, reason, said):
    delivery, *_ = make(in_turn(Receipt({1: reason})))
    assert delivery.deliver(batch(3)) == {1: said}
    delivery, *_ = make(fails_with(Refused(reason), 1))
    assert delivery.deliver(batch(3)) == {1: said if isinstance(reason, str) else str(reason)}


def test_what_is_deferred_by_an_iterator_is_sent_again(make):
    class Sink(ScriptedSink):
        def send(self, batch):
            return super().send(batch)._replace(deferred=iter([1] if len(batch) > 1 else []), retry_after_s="soon")

    delivery, *_ = make(in_turn())
    sink = delivery._sink = Sink(in_turn())
    assert delivery.deliver(batch(3)) == {}
    assert [call for call in sink.calls if call not in ("open", "close")] == [([0, 1, 2], False), ([1], True)]


@pytest.mark.parametrize("error", [ConfigurationError("no such table"), LockLost()], ids=repr)
def test_what_waiting_does_not_mend_is_raised(make, error):
    delivery, _, waits, _ = make(in_turn(error))
    with pytest.raises(type(error)):
        delivery.deliver(batch(2))
    assert waits == []


def test_the_check_stands_before_each_sending_and_stops_it(make):
    checks = []

    def check():
        checks.append(1)
        if len(checks) == 3:
            raise LockLost

    delivery, sink, _, _ = make(in_turn(Unavailable("down"), Unavailable("down")))
    with pytest.raises(LockLost):
        delivery.deliver(batch(1, check=check))
    assert len([call for call in sink.calls if isinstance(call, tuple)]) == 2


def test_a_close_that_fails_is_nothing(make):
    delivery, sink, _, _ = make(in_turn(Unavailable("down")))

    def close():
        raise OSError("broken pipe")

    sink.close = close
    assert delivery.deliver(batch(1)) == {}
    delivery.close()
    delivery.close()


# Who is to blame


def refuses(*bad):
    return fails_with(Refused("not this"), *bad)


def sends(sink):
    return [call for call in sink.calls if isinstance(call, tuple)]


@pytest.mark.parametrize("count", [8, 9, 1000, 10_000])
def test_a_destination_that_refuses_every_event_refuses_none_and_is_waited_for(make, count):
    mended = []

    def answer(numbers):
        if not mended:
            raise Refused("no such path")

    delivery, sink, waits, reasons = make(answer, most_waits=5)
    with pytest.raises(GaveUp):
        delivery.deliver(batch(count))
    assert set(reasons) == {"the destination refuses every event: no such path"}
    assert len(sends(sink)) <= 6 * 8 * (1 + count.bit_length())
    assert waits[:5] == [1.0, 2.0, 4.0, 8.0, 8.0]
    mended.append(True)
    assert delivery.deliver(batch(count)) == {}
    assert sink.taken == list(range(count))


def test_a_few_that_are_refused_are_to_blame_though_nothing_else_is_there(make):
    delivery, _, waits, _ = make(refuses(*range(7)))
    assert delivery.deliver(batch(7)) == dict.fromkeys(range(7), "not this")
    assert waits == []


def test_a_few_that_come_one_by_one_are_to_blame_until_there_are_many_in_a_row(make):
    delivery, sink, waits, _ = make(refuses(0))
    for _ in range(7):
        assert delivery.deliver(batch(1)) == {0: "not this"}
    assert waits == []
    with pytest.raises(GaveUp):
        delivery.deliver(batch(1))
    sink.answer = lambda _: None
    assert delivery.deliver(batch(1)) == {}
    sink.answer = refuses(0)
    assert delivery.deliver(batch(1)) == {0: "not this"}


@pytest.mark.parametrize(
    "bad",
    [range(100), range(900, 1000), range(1, 1000), range(600), range(0, 1000, 2), [0, 500, 250, 750, 125]],
    ids=str,
)
def test_however_many_are_refused_they_are_to_blame_if_others_are_taken(make, bad):
    delivery, sink, waits, _ = make(refuses(*bad), most_waits=0)
    assert delivery.deliver(batch(1000)) == dict.fromkeys(bad, "not this")
    assert sorted(sink.taken) == sorted(set(range(1000)) - set(bad))
    assert waits == []


@pytest.mark.parametrize("good", [range(980, 1000), range(1, 21), range(501, 521), range(370, 390)], ids=str)
def test_a_few_that_are_taken_among_many_are_found_after_some_waits(make, good):
    bad = set(range(1000)) - set(good)
    delivery, sink, waits, _ = make(refuses(*bad), most_waits=128)
    assert delivery.deliver(batch(1000)).keys() == bad
    assert set(sink.taken) == set(good)
    assert len(waits) < MOST_DOUBTS


def test_what_a_receipt_refuses_as_a_whole_is_waited_for_likewise(make):
    delivery, sink, _, reasons = make(in_turn(*[Receipt(dict.fromkeys(range(20), "no"))] * 3))
    assert delivery.deliver(batch(20)) == {}
    assert reasons == ["the destination refuses every event: no"] * 3
    assert len(sends(sink)) == 4


def test_who_waits_in_vain_for_long_enough_refuses_them_all_by_few_sends(make):
    delivery, sink, waits, _ = make(refuses(*range(1000)))
    doubts = []

    def doubt():
        doubts.append(1)
        return len(doubts) > 3

    assert delivery.deliver(batch(1000), doubt) == dict.fromkeys(range(1000), "not this")
    assert len(waits) == 3
    assert len(sends(sink)) <= 4 * 8 * 11


@pytest.mark.parametrize(("error", "tries"), [(Refused("not this"), 0), (ZeroDivisionError(), ODD_TRIES)], ids=repr)
def test_those_that_were_refused_before_are_to_blame_however_many_they_are(make, error, tries):
    delivery, sink, waits, _ = make(fails_with(error, *range(20)))
    assert delivery.deliver(batch(20), is_second=True).keys() == set(range(20))
    assert (len(waits), delivery.refused_in_a_row) == (tries, 0)
    assert len(sends(sink)) < 40 + tries
    assert delivery.deliver(batch(25), is_second=True).keys() == set(range(20))
    assert (sorted(sink.taken), len(waits)) == (list(range(20, 25)), 2 * tries)


def test_one_that_was_refused_before_is_sent_again_when_its_answer_is_lost_oddly(make):
    delivery, sink, waits, _ = make(in_turn(ConnectionResetError(), ConnectionResetError()))
    assert delivery.deliver(batch(1, sent_before=True), is_second=True) == {}
    assert (sink.taken, len(waits)) == ([0], 2)
