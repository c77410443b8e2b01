"""What the operator asks of a user, and what holds where nothing is said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_telemetry.errors import ConfigurationError
from jupyter_telemetry.privacy.modes import Setting, default_mode, parse_consent, says_mode_of_all

from .ordinary import IS_ROOT, OTHER_USER, ordinary_user


def test_settings_are_read():
    assert parse_consent(None, default_mode="opt-in") == (Setting("*", "opt-in"),)
    assert parse_consent({}, default_mode="inform") == (Setting("*", "inform"),)
    assert parse_consent("opt-out", default_mode="opt-in") == (Setting("*", "opt-out"),)
    assert parse_consent(
        {
            "a": "inform",
            "b": {"reason": "to keep it running", "legal_basis": "GDPR art. 6 (1) f", "not_erasable": "x"},
            "*": {"mode": "opt-out", "reason": "y"},
        },
        default_mode="opt-in",
    ) == (
        Setting("*", "opt-out", "y"),
        Setting("a", "inform"),
        Setting("b", "opt-out", "to keep it running", "GDPR art. 6 (1) f", "x"),
    )


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            "optin",
            "EventLog.consent['*']: unknown mode 'optin' (did you mean 'opt-in'?); "
            'write "inform", "opt-out" or "opt-in"',
        ),
        (
            ["opt-in"],
            'EventLog.consent: write a mode ("inform", "opt-out" or "opt-in"), or a dict from a schema id, a glob, a '
            'category or "*" to a mode, not a list',
        ),
        ({"": "inform"}, "EventLog.consent: a subject is a schema id, a glob, a category or '*', not ''"),
        ({"a": 1}, 'EventLog.consent[\'a\']: write a mode ("inform", "opt-out" or "opt-in"), or a dict with "mode", '),
        ({"a": {"resaon": "x"}}, "EventLog.consent['a']: unknown key 'resaon' (did you mean 'reason'?); known are "),
        ({"a": {"not_erasable": True}}, "['not_erasable']: write a text, not a bool; write the ground why not"),
        ({"mode": "opt-in"}, '\'mode\' is said of a subject: write it as {"*": {"mode": "inform", \'mode\': …}}'),
    ],
)
def test_what_cannot_be_meant_is_an_error(value, message):
    with pytest.raises(ConfigurationError) as caught:
        parse_consent(value, default_mode="inform")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("opt-in", True),
        ({"*": "inform"}, True),
        ({"*": {"mode": "inform"}}, True),
        ({"*": {"reason": "x"}}, False),
        ({"a": "inform"}, False),
        ({}, False),
        (None, False),
    ],
)
def test_whether_a_mode_is_left_to_the_default(value, says):
    assert says_mode_of_all(value) is says
    of_all = {parse_consent(value, default_mode=mode)[0].mode for mode in ("opt-in", "opt-out")}
    assert (len(of_all) == 1) is says


# Where the operator asks nothing


@pytest.fixture
def home(tmp_path):
    place = tmp_path / "home"
    (place / ".jupyter").mkdir(parents=True)
    return place


def config(path: Path, text="c.EventLog.allowed_schemas = ['a']") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def mode(home, *files, **environ):
    jupyter = {"HOME": str(home), "JUPYTER_CONFIG_DIR": str(home / ".jupyter")}
    return default_mode({**jupyter, **environ}, files)


OWN = "what configures EventLog is the user's own"


def test_whose_own_file_allows_it_is_informed(home, tmp_path):
    own = config(home / ".jupyter" / "jupyter_server_config.py")
    others = config(tmp_path / "etc" / "jupyter_config.py", "c.ServerApp.port = 1")
    assert mode(home) == ("inform", OWN)
    assert mode(home, own, others, tmp_path / "missing.py") == ("inform", OWN)
    assert mode(home, str(own)) == ("inform", OWN)


def test_jupyters_configuration_directory_is_the_users_own_wherever_it_is(home, tmp_path):
    place = tmp_path / "elsewhere"
    own = config(place / "jupyter_server_config.json", '{"EventLog": {}}')
    assert mode(home, own, JUPYTER_CONFIG_DIR=str(place)) == ("inform", OWN)


@pytest.mark.parametrize("variable", ["JUPYTERHUB_USER", "JUPYTERHUB_API_TOKEN"])
def test_under_a_hub_it_is_asked(home, variable):
    own = config(home / ".jupyter" / "jupyter_server_config.py")
    assert mode(home, own, **{variable: "ada"}) == (
        "opt-in",
        f"{variable} is set, so this belongs to a JupyterHub, whose operator is not its user",
    )
    assert mode(home, own, **{variable: ""})[0] == "inform"


def test_a_file_where_all_users_are_configured_is_somebody_elses(home, tmp_path):
    system = config(tmp_path / "etc" / "jupyter_server_config.py")
    shared = {"JUPYTER_CONFIG_PATH": str(system.parent)}
    assert mode(home, system, **shared) == (
        "opt-in",
        f"{system}, which configures EventLog, stands where Jupyter is configured for all users",
    )
    link = home / ".jupyter" / "jupyter_server_config.py"
    link.symlink_to(system)
    assert mode(home, link, **shared)[0] == "opt-in"


def test_a_file_of_the_user_elsewhere_is_their_own(home, tmp_path):
    assert mode(home, config(tmp_path / "project" / "jupyter_server_config.py"))[0] == "inform"


def test_a_home_that_is_the_root_makes_no_file_the_users_own(home, tmp_path):
    system = config(tmp_path / "etc" / "jupyter_server_config.py")
    assert mode(home, system, HOME="/", JUPYTER_CONFIG_PATH=str(system.parent))[0] == "opt-in"


def test_a_file_that_the_user_cannot_change_is_somebody_elses():
    with ordinary_user() as home:
        system = config(home / ".jupyter" / "jupyter_server_config.py")
        system.chmod(0o400)
        assert mode(home, system) == (
            "opt-in",
            f"{system}, which configures EventLog, cannot be changed by the user",
        )


if IS_ROOT:  # nobody else gives files away

    def test_a_file_of_another_owner_is_somebody_elses(home):
        other = config(home / ".jupyter" / "jupyter_server_config.py")
        os.chown(other, OTHER_USER, -1)
        assert mode(home, other) == (
            "opt-in",
            f"{other}, which configures EventLog, belongs to another user (uid {OTHER_USER})",
        )


def test_a_file_that_cannot_be_read_may_be_somebody_elses(home):
    directory = home / ".jupyter" / "jupyter_server_config.py"
    directory.mkdir()
    assert mode(home, directory) == (
        "opt-in",
        f"{directory}, which configures EventLog, cannot be read (IsADirectoryError), so it may be another's",
    )


def test_a_file_that_has_another_one_speak_for_it_counts_as_one_that_speaks(home, tmp_path):
    system = config(tmp_path / "etc" / "jupyter_server_config.py", "load_subconfig('telemetry.py')")
    assert mode(home, system, JUPYTER_CONFIG_PATH=str(system.parent))[0] == "opt-in"
