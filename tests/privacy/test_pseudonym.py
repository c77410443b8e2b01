"""The same value is the same pseudonym under the same key, and the key is never shown."""

from __future__ import annotations

import copy
import hashlib
import hmac
import json
import logging
import os
import pickle
from enum import Enum
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_telemetry.errors import ConfigurationError
from jupyter_telemetry.privacy.pseudonym import KEY_VARIABLE, PseudonymKey, derive_user_key, read_key

SECRET = b"a secret of sufficient length"
KEY = PseudonymKey(SECRET)

NUMBERS = st.one_of(
    st.integers(-3, 3),
    st.floats(-3, 3),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.0, -0.0, 2.0**53, 2**53, 2**53 + 1, 2.0**63, 2**63, 2.0**64, 1e16, 10**16, -(2.0**63)]),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, st.text(st.characters(exclude_categories=["Cs"]), max_size=3))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
)


def same_json(a, b):
    """Say whether two values are equal as JSON: as Python has it, but that true is not 1."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same_json(a[name], b[name]) for name in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same_json, a, b))
    return a == b


def written(path, content=SECRET, mode=0o600):
    path.write_bytes(content)
    path.chmod(mode)
    return str(path)


def test_a_pseudonym_is_half_of_the_hmac_of_the_value_as_json():
    digest = hmac.new(SECRET, b'"ada"', hashlib.sha256).hexdigest()
    assert KEY.pseudonym("ada") == f"pseudonym:{KEY.id}:{digest[:32]}"


@pytest.mark.parametrize("length", [16, 63, 64, 65, 200])
def test_keys_of_every_length_are_those_of_hmac(length):
    secret = bytes(range(length))
    digest = hmac.new(secret, b'{"a":[1,null,"\xc3\xa4"],"b":0.5}', hashlib.sha256).hexdigest()
    assert PseudonymKey(secret).pseudonym({"b": 0.5, "a": (1.0, None, "ä")})[-32:] == digest[:32]


@given(VALUES, VALUES)
def test_pseudonyms_are_equal_if_and_only_if_the_values_are_equal_as_json(a, b):
    assert (KEY.pseudonym(a) == KEY.pseudonym(b)) is same_json(a, b)


@pytest.mark.parametrize("number", [0, 2**53, 2**62, 2**63, 2**64 - 2**11, -(2**63)])
def test_a_whole_number_is_the_same_however_large(number):
    assert KEY.pseudonym([float(number)]) == KEY.pseudonym([number])
    assert KEY.pseudonym(float(number)) == KEY.pseudonym(number)


@given(st.data(), VALUES)
def test_how_a_value_is_written_does_not_change_its_pseudonym(data, value):
    def otherwise(value):
        if isinstance(value, dict):
            return {name: otherwise(value[name]) for name in data.draw(st.permutations(list(value)))}
        if isinstance(value, list):
            return data.draw(st.sampled_from([list, tuple]))(map(otherwise, value))
        if isinstance(value, int) and not isinstance(value, bool) and float(value) == value:
            return data.draw(st.sampled_from([int, float]))(value)
        return value

    assert KEY.pseudonym(otherwise(value)) == KEY.pseudonym(value)


@given(VALUES)
def test_a_pseudonym_leaves_the_value_as_it_was(value):
    before = copy.deepcopy(value)
    KEY.pseudonym(value)
    assert same_json(value, before)


def test_what_is_written_as_text_has_the_pseudonym_of_that_text():
    class Name(str):
        __slots__ = ()

        def __str__(self):
            return "somebody else"

    class User(Enum):
        ADA = "ada"

    identifier = UUID(int=1)
    assert KEY.pseudonym(Name("ada")) == KEY.pseudonym(User.ADA) == KEY.pseudonym("ada")
    assert KEY.pseudonym(identifier) == KEY.pseudonym(str(identifier))


CIRCLE: list = []
CIRCLE.append(CIRCLE)


@pytest.mark.parametrize(
    "value",
    [float("nan"), [float("inf")], 2**64, -(2**63) - 1, "s3cret\ud800", {"s3cret\ud800": 1}, {1: "s3cret"}, {"s3cret"},
     b"s3cret", CIRCLE],
    ids=["NaN", "infinity", "large", "small", "surrogate", "surrogate in a name", "name", "set", "bytes", "circle"],
)  # fmt: skip
def test_what_json_cannot_hold_is_refused_without_the_value(value):
    with pytest.raises((TypeError, ValueError, RecursionError)) as caught:
        KEY.pseudonym(value)
    error = caught.value
    assert "s3cret" not in f"{error} {error.args} {error.__context__} {error.__cause__}"


def test_another_key_makes_other_pseudonyms_and_has_another_id():
    other = PseudonymKey(b"another secret of length")
    assert other != KEY
    assert other.id != KEY.id
    assert other.pseudonym("ada")[-32:] != KEY.pseudonym("ada")[-32:]
    assert (PseudonymKey(SECRET), hash(PseudonymKey(SECRET))) == (KEY, hash(KEY))


def test_a_key_does_not_show_its_secret():
    assert repr(KEY) == str(KEY) == f"{KEY}" == f"<PseudonymKey {KEY.id}>"
    held = [getattr(KEY, name) for name in KEY.__slots__]
    assert SECRET not in held
    assert SECRET.decode() not in held
    assert KEY.id not in SECRET.hex()
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(KEY, protocol)


def test_a_deep_copy_of_a_configuration_has_the_same_key():
    assert copy.deepcopy([KEY])[0] is KEY
    assert copy.copy(KEY) is KEY


def test_no_value_has_a_pseudonym_that_tells_the_keys_id_or_a_users_key():
    derived = derive_user_key(SECRET, "ada")
    assert not derived.startswith(KEY.id)
    for text in ("key id", "user key:ada"):
        assert KEY.pseudonym(text)[-32:] not in (derived[:32], KEY.id)


def test_without_a_file_and_without_a_variable_there_is_no_key():
    assert read_key(None, {}) is None
    assert read_key("", {}) is None


@pytest.mark.parametrize("newline", [b"", b"\n", b"\r\n"])
def test_a_newline_at_the_end_is_not_part_of_the_key(tmp_path, newline):
    file = written(tmp_path / "key", SECRET + newline)
    assert read_key(file, {}) == KEY
    assert read_key(None, {KEY_VARIABLE: (SECRET + newline).decode()}) == KEY


def test_anything_else_at_the_end_is(tmp_path):
    assert read_key(written(tmp_path / "key", SECRET + b" \t"), {}) == PseudonymKey(SECRET + b" \t")


def test_any_bytes_are_a_key_in_a_file_and_in_the_environment_alike(tmp_path):
    secret = bytes(range(100, 256))
    file = written(tmp_path / "key", secret)
    assert read_key(file, {KEY_VARIABLE: os.fsdecode(secret)}) == PseudonymKey(secret)


def test_a_file_below_the_home_directory_may_be_named_with_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    written(tmp_path / "key")
    assert read_key("~/key", {}) == KEY


def test_two_keys_must_be_the_same(tmp_path):
    file = written(tmp_path / "key")
    assert read_key(file, {KEY_VARIABLE: SECRET.decode()}) == KEY
    with pytest.raises(ConfigurationError) as caught:
        read_key(file, {KEY_VARIABLE: "another secret of length"})
    assert str(caught.value) == (
        f"EventLog.pseudonym_key_file ({file!r}) and the environment's {KEY_VARIABLE} are two different keys; "
        "remove one of them"
    )


@pytest.mark.parametrize(("content", "found"), [(b"\n", "is empty"), (b"fifteen bytes..\n", "holds 15 bytes")])
def test_a_key_that_is_too_short_is_refused_without_showing_it(tmp_path, content, found):
    file = written(tmp_path / "key", content)
    rest = f" {found}, and a pseudonym key has at least 16; make one with: openssl rand -hex 32"
    with pytest.raises(ConfigurationError) as caught:
        read_key(file, {})
    assert str(caught.value) == f"EventLog.pseudonym_key_file: {file!r}{rest}"
    with pytest.raises(ConfigurationError) as caught:
        read_key(None, {KEY_VARIABLE: content.decode()})
    assert str(caught.value) == f"The environment's {KEY_VARIABLE}{rest}"


def test_a_key_of_sixteen_bytes_is_long_enough(tmp_path):
    assert read_key(written(tmp_path / "key", b"sixteen bytes..."), {}) == PseudonymKey(b"sixteen bytes...")


def test_a_file_that_cannot_be_read_is_an_error(tmp_path):
    missing = str(tmp_path / "missing")
    with pytest.raises(ConfigurationError) as caught:
        read_key(missing, {})
    assert str(caught.value) == (f"EventLog.pseudonym_key_file: {missing!r} cannot be read: No such file or directory")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_key("a\0b", {})


def test_what_is_no_file_is_an_error_and_nothing_waits_for_it(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (tmp_path, pipe):
        with pytest.raises(ConfigurationError, match="is not a regular file; name the file that holds the key"):
            read_key(str(path), {})


def test_a_file_that_every_user_may_write_to_is_an_error(tmp_path):
    file = written(tmp_path / "the key", mode=0o602)
    with pytest.raises(ConfigurationError) as caught:
        read_key(file, {})
    assert str(caught.value) == (
        "EventLog.pseudonym_key_file: every user of this machine may put another key into "
        f"{file!r}; run: chmod o-rw '{file}'"
    )


def test_a_file_that_every_user_may_read_is_a_warning_once(tmp_path, caplog):
    first, second = (written(tmp_path / name, mode=0o644) for name in ("first", "second"))
    for file in (first, first, second, first):
        assert read_key(file, {}) == KEY
    assert [(each.name, each.levelno, each.getMessage()) for each in caplog.records] == [
        (
            "jupyter_telemetry.privacy",
            logging.WARNING,
            f"EventLog.pseudonym_key_file: every user of this machine may read {file!r}, and undo pseudonyms by "
            f"trying all names; run: chmod o-r {file}",
        )
        for file in (first, second)
    ]


def test_a_file_of_the_users_group_is_as_the_operator_wants_it(tmp_path, caplog):
    assert read_key(written(tmp_path / "key", mode=0o660), {}) == KEY
    assert caplog.records == []


def test_a_users_key_is_text_that_a_servers_environment_can_hold():
    derived = derive_user_key(SECRET, "ada")
    assert derived == derive_user_key(SECRET.decode() + "\n", "ada")
    assert len(bytes.fromhex(derived)) == 32
    assert read_key(None, {KEY_VARIABLE: derived}) == PseudonymKey(derived.encode())


@given(st.text(min_size=1), st.text(min_size=1))
def test_users_have_the_same_key_only_if_they_are_the_same(a, b):
    assert (derive_user_key(SECRET, a) == derive_user_key(SECRET, b)) is (a == b)


def test_a_users_key_needs_a_user_and_a_key():
    with pytest.raises(ValueError, match="the user's name"):
        derive_user_key(SECRET, "")
    with pytest.raises(ConfigurationError, match="The key holds 5 bytes"):
        derive_user_key("short", "ada")


def test_the_key_is_in_no_message(tmp_path, caplog):
    file = written(tmp_path / "key", mode=0o646)
    for key_file, environ in [
        (file, {}),
        (written(tmp_path / "other", mode=0o644), {KEY_VARIABLE: "X" + SECRET.decode()}),
        (None, {KEY_VARIABLE: SECRET.decode()[:10]}),
    ]:
        with pytest.raises(ConfigurationError) as caught:
            read_key(key_file, environ)
        assert SECRET.decode()[:10] not in f"{caught.value!r}{caught.value.__context__!r}{json.dumps(caplog.messages)}"


def test_a_key_where_every_user_may_put_another_is_an_error(tmp_path):
    place = tmp_path / "open"
    place.mkdir()
    (place / "key").write_text("0123456789abcdef")
    (place / "key").chmod(0o600)
    (tmp_path / "link").symlink_to(place / "key")
    place.chmod(0o777)
    for path in (place / "key", tmp_path / "link"):
        with pytest.raises(ConfigurationError, match="every user of this machine may put another file into"):
            read_key(str(path), {})
    place.chmod(0o1777)  # as /tmp is
    assert read_key(str(place / "key"), {})
