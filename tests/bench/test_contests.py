"""The event that all contests are about."""

from bench.event import CLASSIFIED, EVENT, SCHEMA


def test_both_schemas_take_the_event_of_five_properties():
    assert len(EVENT) == 5
    assert CLASSIFIED["properties"].keys() == SCHEMA["properties"].keys() == EVENT.keys()
    assert [type(value) for value in EVENT.values()].count(dict) == 1
    assert [type(value) for value in EVENT.values()].count(list) == 1
