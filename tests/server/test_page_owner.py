"""Whose server it is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from jupyter_server.auth import User

from jupyter_telemetry.server.page.owner import is_owner


class HubUser(User):
    """As jupyterhub.singleuser.extension has it."""

    def __init__(self, **hub_user: Any) -> None:
        self.hub_user = hub_user
        super().__init__(username=hub_user["name"])


def test_without_a_hub_whoever_is_logged_in_is_the_owner():
    assert is_owner(User("anonymous"), {})


@pytest.mark.parametrize(
    ("user", "owner"),
    [
        (User("ada"), True),
        (HubUser(name="ada", kind="user"), True),
        (HubUser(name="ada", kind="user", admin=False), True),
        (User("eve"), False),
        (User("Ada"), False),
        (User("ada "), False),
        (HubUser(name="root", kind="user", admin=True), False),
        (HubUser(name="ada", kind="service"), False),
        (object(), False),
        (None, False),
    ],
)
def test_under_a_hub_only_the_user_of_its_name_is(user, owner):
    assert is_owner(user, {"JUPYTERHUB_USER": "ada"}) is owner


def test_a_hub_that_does_not_say_whose_server_it_is_lets_nobody_in():
    assert not is_owner(SimpleNamespace(username=""), {"JUPYTERHUB_USER": ""})


def test_a_server_that_is_a_service_of_a_hub_is_nobody_s():
    assert not is_owner(User("ada"), {"JUPYTERHUB_SERVICE_NAME": "shared"})
