"""What the settings take, and what they say of all else."""

from __future__ import annotations

import copy
import logging
import logging.handlers
import pickle

import pytest
from traitlets import TraitError
from traitlets.config.loader import LazyConfigValue

from jupyter_telemetry import ConfigurationError, EventLog
from jupyter_telemetry.traits import resolve_lazy, unshared

ID = "https://example.org/save"
FILE_HANDLER = {"class": "logging.FileHandler", "filename": "/no/such/directory/events.log"}
ARGUMENTS = 'its other keys are the arguments of that class, "level", "filters", and "formatter": {"format": "…"}'
A_LIST = 'c.EventLog.handlers = [logging.FileHandler("events.log")]'
NULL = "logging.NullHandler"
MEMORY = "logging.handlers.MemoryHandler"


def raising():
    raise OSError("no such printer")


# What is written, and what the error says of it after "EventLog.handlers: ".
BAD_HANDLERS = {
    "a file's name": ("events.log", f"write a list of logging handlers, not a str: {A_LIST}"),
    "a number": (5, f"write a list of logging handlers, not a int: {A_LIST}"),
    "a handler": (logging.NullHandler(), f"write a list of logging handlers, not a NullHandler: {A_LIST}"),
    "a dict": ({"class": NULL}, f"write a list of logging handlers, not a dict: {A_LIST}"),
    "a class": (
        logging.handlers.MemoryHandler,
        "the callable that is to return the handlers failed: TypeError: "
        "MemoryHandler.__init__() missing 1 required positional argument: 'capacity'",
    ),
    "a callable that raises": (
        raising,
        "the callable that is to return the handlers failed: OSError: no such printer",
    ),
    "a callable of a number": (lambda: 5, f"write a list of logging handlers, not a int: {A_LIST}"),
    "a list of a number": ([5], "5 is no logging.Handler and no dict in dictConfig's form"),
    "a list of None": ([None], "None is no logging.Handler and no dict in dictConfig's form"),
    "a list of a file's name": (
        ["events.log"],
        "'events.log' is no logging.Handler and no dict in dictConfig's form",
    ),
    "a list of a class": (
        [logging.NullHandler],
        "<class 'logging.NullHandler'> is no logging.Handler and no dict in dictConfig's form; call it to make one",
    ),
    "no class": (
        [{"filename": "events.log"}],
        'a handler given as a dict needs a "class", such as '
        '{"class": "logging.handlers.RotatingFileHandler", "filename": "events.log"}',
    ),
    "an unknown class": (
        [{"class": "no.such.Handler"}],
        "a handler of 'no.such.Handler' cannot be made: ValueError: Cannot resolve 'no.such.Handler': "
        f"No module named 'no'; {ARGUMENTS}",
    ),
    "a missing directory": (
        [FILE_HANDLER],
        "a handler of 'logging.FileHandler' cannot be made: FileNotFoundError: [Errno 2] No such file or directory: "
        f"'/no/such/directory/events.log'; {ARGUMENTS}",
    ),
    "an unknown argument": (
        [{"class": MEMORY, "capacity": 1, "colour": "red"}],
        f"a handler of '{MEMORY}' cannot be made: TypeError: MemoryHandler.__init__() "
        f"got an unexpected keyword argument 'colour'; {ARGUMENTS}",
    ),
    "an unknown level": (
        [{"class": NULL, "level": "LOUD"}],
        f"a handler of '{NULL}' cannot be made: ValueError: Unknown level: 'LOUD'; {ARGUMENTS}",
    ),
    "a formatter's name": (
        [{"class": NULL, "formatter": "brief"}],
        f"a handler of '{NULL}' cannot be made: ValueError: Unable to set formatter 'brief'; {ARGUMENTS}",
    ),
    "a filter's name": (
        [{"class": NULL, "filters": ["brief"]}],
        f"a handler of '{NULL}' cannot be made: ValueError: Unable to add filter 'brief'; {ARGUMENTS}",
    ),
    "a class that is no handler": (
        [{"class": "logging.Formatter"}],
        "'logging.Formatter' makes no logging.Handler",
    ),
    "a factory that makes no handler": ([{"()": "os.getcwd"}], "'os.getcwd' makes no logging.Handler"),
    "a target's name": (
        [{"class": MEMORY, "capacity": 1, "target": "console"}],
        "a handler behind another is a dict too, not 'console'",
    ),
    "a target that cannot be made": (
        [{"class": MEMORY, "capacity": 1, "target": {"class": "no.such.Handler"}}],
        "a handler of 'no.such.Handler' cannot be made: ValueError: Cannot resolve 'no.such.Handler': "
        f"No module named 'no'; {ARGUMENTS}",
    ),
    "a queue that nobody empties": (
        [{"class": "logging.handlers.QueueHandler"}],
        'a QueueHandler needs "handlers", a list of handlers that its listener feeds',
    ),
}


@pytest.mark.parametrize(("value", "said"), BAD_HANDLERS.values(), ids=BAD_HANDLERS.keys())
def test_bad_handlers_get_an_error_that_says_what_to_write(value, said):
    with pytest.raises(ConfigurationError) as caught:
        EventLog(handlers=value)
    assert str(caught.value) == f"EventLog.handlers: {said}"


# The error's text after "EventLog.allowed_schemas".
A_LIST_OF_IDS = 'c.EventLog.allowed_schemas = ["https://example.org/my-event"]'
BAD_ALLOWED_SCHEMAS = {
    "an id": (ID, f": write a list of schema ids, not a str: {A_LIST_OF_IDS}"),
    "None": (None, f": write a list of schema ids, not a NoneType: {A_LIST_OF_IDS}"),
    "True": (True, f": write a list of schema ids, not a bool: {A_LIST_OF_IDS}"),
    "a generator": ((each for each in [ID]), f": write a list of schema ids, not a generator: {A_LIST_OF_IDS}"),
    "a list of a number": ([5], ": a schema id is a str that is not empty, not a int"),
    "a list of a list": ([[ID]], ": a schema id is a str that is not empty, not a list"),
    "an empty id": ([""], ": a schema id is a str that is not empty, not a str"),
    "a key that is no id": ({5: {}}, ": a schema id is a str that is not empty, not a int"),
    "the characters of an id": (
        list(ID),
        ": these are the characters of an id; `extend` and `update` take a list, `append` takes one id",
    ),
    "an entry that is a list": (
        {ID: ["name"]},
        f"['{ID}']: write a dict with the keys allowed_properties and allowed_categories",
    ),
    "an unknown key": (
        {ID: {"allowed": ["name"]}},
        f"['{ID}']: unknown key 'allowed'; known are allowed_properties and allowed_categories",
    ),
    "a property's name": (
        {ID: {"allowed_properties": "name"}},
        f"['{ID}']['allowed_properties']: write a list of strings",
    ),
    "a list of no names": (
        {ID: {"allowed_categories": [5]}},
        f"['{ID}']['allowed_categories']: write a list of strings",
    ),
}


@pytest.mark.parametrize(("value", "said"), BAD_ALLOWED_SCHEMAS.values(), ids=BAD_ALLOWED_SCHEMAS.keys())
def test_bad_allowed_schemas_get_an_error_that_says_what_to_write(value, said):
    with pytest.raises(ConfigurationError) as caught:
        EventLog(allowed_schemas=value)
    assert str(caught.value) == f"EventLog.allowed_schemas{said}"


@pytest.mark.parametrize(
    ("trait", "value", "said"),
    [
        ("on_invalid", "ignore", "expected any of ['raise', 'log'], not the str 'ignore'"),
        ("on_invalid", None, "expected any of ['raise', 'log'], not the NoneType None"),
        ("max_event_bytes", "1000", "expected an int, not the str '1000'"),
        ("max_event_bytes", 1.5, "expected an int, not the float 1.5"),
        ("max_event_bytes", 255, "should not be less than 256, but a value of 255 was specified"),
        ("fetch_references", "yes", "expected a boolean, not the str 'yes'"),
    ],
)
def test_the_other_settings_say_what_they_take(trait, value, said):
    with pytest.raises(TraitError) as caught:
        EventLog(**{trait: value})
    assert f"'{trait}' trait of an EventLog instance" in str(caught.value)
    assert said in str(caught.value)


def test_a_setting_that_is_none_is_an_error():
    with pytest.raises(TypeError) as caught:
        EventLog(handler=[logging.NullHandler()])
    assert str(caught.value) == (
        "EventLog has no setting 'handler'; it has allowed_schemas, classifications, consent, fetch_references, "
        "handlers, max_event_bytes, max_rates, notice, on_invalid, pseudonym_key_file, redactions, shippers"
    )


@pytest.mark.parametrize("kind", [list, tuple, set, frozenset])
def test_allowed_schemas_may_be_any_plain_collection_of_ids(kind):
    assert EventLog(allowed_schemas=kind([ID, ID])).allowed_schemas == [ID]


@pytest.mark.parametrize("kind", [list, tuple])
@pytest.mark.parametrize("call", [False, True])
def test_handlers_may_be_a_list_a_tuple_or_a_callable_that_returns_one(kind, call):
    first, second = logging.NullHandler(), logging.NullHandler()
    given = kind([first, second, first])
    assert EventLog(handlers=(lambda: given) if call else given).handlers == [first, second]


def test_none_is_no_handlers():
    assert EventLog(handlers=None).handlers == EventLog(handlers=lambda: None).handlers == EventLog().handlers == []


def test_an_entry_may_be_none_and_its_names_any_plain_collection():
    log = EventLog(allowed_schemas={ID: None, "x": {"allowed_properties": ("a",), "allowed_categories": {"b"}}})
    assert log.allowed_schemas == {ID: {}, "x": {"allowed_properties": ["a"], "allowed_categories": ["b"]}}


# What stands in a setting cannot be changed unnoticed

IN_PLACE = {
    "append": lambda ids: ids.append("x"),
    "extend": lambda ids: ids.extend(["x"]),
    "insert": lambda ids: ids.insert(0, "x"),
    "remove": lambda ids: ids.remove(ids[0]),
    "pop": lambda ids: ids.pop(),
    "clear": lambda ids: ids.clear(),
    "sort": lambda ids: ids.sort(),
    "reverse": lambda ids: ids.reverse(),
    "an item": lambda ids: ids.__setitem__(0, "x"),
    "a slice": lambda ids: ids.__setitem__(slice(0, 0), ["x"]),
    "del": lambda ids: ids.__delitem__(0),
    "*=": lambda ids: ids.__imul__(2),
}


@pytest.mark.parametrize("change", IN_PLACE.values(), ids=IN_PLACE.keys())
def test_a_list_that_is_changed_in_place_says_what_to_do_instead(change):
    handler = logging.NullHandler()
    log = EventLog(allowed_schemas=[ID], handlers=[handler])
    with pytest.raises(TypeError) as caught:
        change(log.allowed_schemas)
    assert str(caught.value) == "this list cannot be changed in place: assign a new list to the trait"
    with pytest.raises(TypeError) as caught:
        change(log.handlers)
    assert str(caught.value) == "this list cannot be changed in place: use add_handler or remove_handler"
    assert (log.allowed_schemas, log.handlers) == ([ID], [handler])


@pytest.mark.parametrize(
    "change",
    [
        lambda entries: entries.update(x={}),
        lambda entries: entries.setdefault("x", {}),
        lambda entries: entries.pop(ID),
        lambda entries: entries.popitem(),
        lambda entries: entries.clear(),
        lambda entries: entries.__setitem__("x", {}),
        lambda entries: entries.__delitem__(ID),
        lambda entries: entries[ID].update(allowed_categories=["a"]),
    ],
)
def test_a_dict_that_is_changed_in_place_says_what_to_do_instead(change):
    log = EventLog(allowed_schemas={ID: {"allowed_properties": ["a"]}})
    with pytest.raises(TypeError, match=r"^this dict cannot be changed in place: assign a new dict to the trait$"):
        change(log.allowed_schemas)
    with pytest.raises(TypeError, match="assign a new list"):
        log.allowed_schemas[ID]["allowed_properties"].append("b")
    assert log.allowed_schemas == {ID: {"allowed_properties": ["a"]}}


def test_augmented_assignment_assigns():
    log = EventLog(allowed_schemas=[ID])
    log.allowed_schemas += ["x"]
    assert log.allowed_schemas == [ID, "x"]
    log.allowed_schemas = {ID: {}}
    log.allowed_schemas |= {"x": {"allowed_properties": ["a"]}}
    assert log.allowed_schemas == {ID: {}, "x": {"allowed_properties": ["a"]}}
    log.handlers += [handler := logging.NullHandler()]
    assert log.handlers == [handler]


def test_what_was_given_can_be_changed_and_changes_nothing():
    given = {ID: {"allowed_properties": ["a"]}}
    log = EventLog(allowed_schemas=given)
    given[ID]["allowed_properties"].append("b")
    assert log.allowed_schemas == {ID: {"allowed_properties": ["a"]}}


@pytest.mark.parametrize("value", [[ID], {ID: {"allowed_properties": ["a"]}}])
@pytest.mark.parametrize("clone", [copy.copy, lambda value: pickle.loads(pickle.dumps(value))], ids=["copy", "pickle"])
def test_a_copy_of_a_setting_is_an_ordinary_list_or_dict(value, clone):
    twin = clone(EventLog(allowed_schemas=value).allowed_schemas)
    assert twin == value
    assert type(twin) is type(value)


def test_a_setting_that_nobody_can_change_needs_no_deep_copy():
    log = EventLog(allowed_schemas={ID: {"allowed_properties": ["a"]}}, handlers=[logging.NullHandler()])
    assert copy.deepcopy(log.allowed_schemas) is log.allowed_schemas
    assert copy.deepcopy(log.handlers) is log.handlers  # nor could it be had: a handler holds a lock


# What configuration files append


def lazy(change):
    """What traitlets keeps of `c.EventLog.allowed_schemas.append(…)` and the like."""
    value = LazyConfigValue()
    change(value)
    return value


KEPT = {"allowed_properties": ["p"]}


@pytest.mark.parametrize(
    ("change", "upon", "result"),
    [
        (lambda c: (c.append("b"), c.prepend(["a"])), [], ["a", "b"]),
        (lambda c: (c.extend(["c"]), c.prepend(["a"]), c.insert(1, "x")), ["b"], ["a", "x", "b", "c"]),
        (lambda c: c.update({"b"}), ["a"], ["a", "b"]),
        (lambda c: c.update({"b": KEPT}), ["a"], {"a": {}, "b": KEPT}),
        (lambda c: (c.add("b"), c.extend(["a", "c"])), {"a": KEPT}, {"a": KEPT, "b": {}, "c": {}}),
        (lambda c: c.update({"a": {"allowed_properties": ["q"]}}), {"a": KEPT}, {"a": {"allowed_properties": ["q"]}}),
        (lambda c: (c.append("a"), c.update({"a": KEPT})), [], {"a": KEPT}),
        (lambda c: c.add("a"), {"a": KEPT}, {"a": KEPT}),
        (lambda c: None, ["a"], ["a"]),
    ],
)
def test_ids_and_entries_that_configuration_files_add_add_up(change, upon, result):
    assert resolve_lazy(lazy(change), upon) == result


@pytest.mark.parametrize(
    ("options", "result"),
    [
        ([ID], [ID]),
        (["a", "b", "a"], ["a", "b"]),
        (['["a", "b"]', "c"], ["a", "b", "c"]),
        (["['a', 'b']"], ["a", "b"]),  # what traitlets' own lists take
        (['{"a": {"allowed_properties": ["p"]}}', "b", "a"], {"a": KEPT, "b": {}}),
        (["a", '{"a": {"allowed_properties": ["p"]}}'], {"a": KEPT}),
    ],
)
def test_options_of_a_command_line_add_up(options, result):
    trait = EventLog.class_traits()["allowed_schemas"]
    assert trait.validate(EventLog(), trait.from_string_list(options)) == result


def test_lists_and_dicts_of_a_value_are_copied_and_what_stands_in_them_is_not():
    handler = logging.NullHandler()
    value = [handler, {"class": "x", "filters": [{"name": "y"}]}]
    twin = unshared(value)
    value[1]["filters"][0]["name"] = "z"
    value.append(None)
    assert twin == [handler, {"class": "x", "filters": [{"name": "y"}]}]
