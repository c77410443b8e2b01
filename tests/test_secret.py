"""A secret is read when it is needed, from where it stands, and never shown."""

from __future__ import annotations

import re

import pytest

from jupyter_telemetry.errors import ConfigurationError
from jupyter_telemetry.secret import Secret, without_secrets


def test_none_is_configured():
    assert Secret("password").read() is None


@pytest.mark.parametrize("content", ["s3cret", "s3cret\n", "s3cret\r\n"])
def test_it_stands_in_a_file_which_may_be_replaced(tmp_path, content):
    path = tmp_path / "password"
    path.write_bytes(content.encode())
    secret = Secret("password", file=path)
    assert secret.read() == "s3cret"
    path.write_text(" other ")
    assert secret.read() == " other "


def test_a_file_may_stand_in_ones_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "token").write_text("s3cret")
    assert Secret("token", file="~/token").read() == "s3cret"


def test_it_stands_in_a_variable(monkeypatch):
    monkeypatch.setenv("A_PASSWORD", "s3cret")
    assert Secret("password", variable="A_PASSWORD").read() == "s3cret"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"\n", "is empty"),
        (b"\xff", "cannot be read: it is not UTF-8"),
    ],
)
def test_one_that_is_not_there_is_an_error(tmp_path, content, reason):
    path = tmp_path / "password"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=re.escape(f"password_file {path} {reason}")) as caught:
        Secret("password", file=path).read()
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("value", [None, ""])
def test_a_variable_that_is_not_set_is_an_error(monkeypatch, value):
    monkeypatch.delenv("A_PASSWORD", raising=False)
    if value is not None:
        monkeypatch.setenv("A_PASSWORD", value)
    with pytest.raises(ConfigurationError, match="password_variable: A_PASSWORD is not set"):
        Secret("password", variable="A_PASSWORD").read()


def test_it_stands_in_one_place():
    with pytest.raises(ConfigurationError, match="token_file or token_variable, not both"):
        Secret("token", file="a", variable="B")


def test_it_is_not_shown(tmp_path):
    (tmp_path / "password").write_text("s3cret")
    secret = Secret("password", file=tmp_path / "password")
    secret.read()
    assert f"{secret} {secret!r}" == "<Secret password> <Secret password>"
    assert "s3cret" not in repr(vars(secret))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me@db/telemetry?sslmode=verify-full",
        "nats://a,b",
        "/srv/lake",
        "postgresql:///?passfile=/etc/pass",
        "",
    ],
)
def test_a_url_without_a_secret_is_returned(url):
    assert without_secrets(url, "to") == url


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:s3cret@db/telemetry",
        "postgresql://me:@db/telemetry",
        "postgresql://db/telemetry?password=s3cret",
        "postgresql://db/telemetry?sslPassword=s3cret",
        "https://host/?access_token=s3cret",
        "s3://bucket/?secret_key=s3cret",
        "https://host/?X-Amz-Signature=s3cret",
    ],
)
def test_a_url_with_a_secret_is_an_error_that_does_not_show_it(url):
    with pytest.raises(ConfigurationError, match="to: the URL holds a password") as caught:
        without_secrets(url, "to")
    assert "s3cret" not in str(caught.value)


def test_a_url_that_cannot_be_read_is_an_error_that_does_not_show_it():
    with pytest.raises(ConfigurationError, match="to: the URL cannot be read") as caught:
        without_secrets("postgresql://me:s3cret@[db", "to")
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None
