"""Who may ask for what below `/telemetry`: real requests to a server, through pytest-jupyter."""

from __future__ import annotations

import json
import re
from http.cookies import SimpleCookie
from typing import Any

import pytest
from jupyter_server.auth import Authorizer, IdentityProvider, User
from tornado.httpclient import HTTPResponse
from traitlets.config import Config

from jupyter_telemetry.server import get_eventlog
from jupyter_telemetry.server.page.handlers import BACKEND, MEDIA_TYPES, STATIC

from .zz_page_standin import CONTENTS, COURSE, POLICY, Standin

GETS = ["telemetry", "telemetry/api/state", "telemetry/api/events", "telemetry/api/export"]
POSTS = ["telemetry/api/consent", "telemetry/api/erase"]
BODIES = {"telemetry/api/consent": {"choices": {"*": True}, "policy": POLICY}, "telemetry/api/erase": {"confirm": True}}


@pytest.fixture
def jp_server_config() -> Config:
    return Config({"ServerApp": {"jpserver_extensions": {"jupyter_telemetry": True}}})


@pytest.fixture
def standin(jp_serverapp) -> Standin:
    """The page's backend, which tells of all there can be."""
    standin = jp_serverapp.web_app.settings[BACKEND] = Standin("opt-in")
    return standin


@pytest.fixture
def fetch(http_server_client, jp_base_url):
    """Send a request as it is: without a token, and with no error for a status."""

    async def send(path: str, **request: Any) -> HTTPResponse:
        if "body" in request:
            request["body"] = json.dumps(request["body"])
            request["method"] = "POST"
        return await http_server_client.fetch(
            jp_base_url + path, raise_error=False, follow_redirects=False, request_timeout=30, **request
        )

    return send


@pytest.fixture
def session(fetch, jp_serverapp):
    """Log in with the token as a browser does; returns the headers of its next requests, and the XSRF token."""

    async def log_in() -> tuple[dict[str, str], str]:
        answer = await fetch(f"telemetry?token={jp_serverapp.identity_provider.token}")
        assert answer.code == 200
        cookies = SimpleCookie()
        for each in answer.headers.get_list("Set-Cookie"):
            cookies.load(each)
        (token,) = re.findall('name="xsrf-token" content="(.+?)"', answer.body.decode())
        return {"Cookie": "; ".join(f"{name}={cookie.value}" for name, cookie in cookies.items())}, token

    return log_in


def refused(answer: HTTPResponse) -> bool:
    """Say whether a request was refused, or sent to the login."""
    login = answer.code == 302 and "/login?" in answer.headers["Location"]
    return login or answer.code == 403


# Logged in


@pytest.mark.parametrize("path", [*GETS, "telemetry/static/page.js"])
async def test_who_is_not_logged_in_gets_nothing(path, standin, fetch):
    answer = await fetch(path)
    assert refused(answer)
    assert CONTENTS.encode() not in answer.body


@pytest.mark.parametrize("path", POSTS)
async def test_who_is_not_logged_in_changes_nothing(path, standin, fetch):
    before = standin.state()
    assert (await fetch(path, body=BODIES[path])).code == 403
    assert standin.state() == before


async def test_the_page_sends_who_is_not_logged_in_to_the_login(standin, fetch):
    answer = await fetch("telemetry")
    assert answer.code == 302
    assert "/login?next=" in answer.headers["Location"]


@pytest.mark.parametrize("path", GETS)
async def test_whoever_holds_the_token_may_look(path, standin, fetch, jp_auth_header):
    assert (await fetch(path, headers=jp_auth_header)).code == 200


@pytest.mark.parametrize("path", POSTS)
async def test_whoever_holds_the_token_may_decide_and_erase(path, standin, fetch, jp_auth_header):
    assert (await fetch(path, headers=jp_auth_header, body=BODIES[path])).code == 200


async def test_a_wrong_token_is_none(standin, fetch):
    assert (await fetch("telemetry/api/state", headers={"Authorization": "token x"})).code == 403


# XSRF


@pytest.mark.parametrize("path", POSTS)
async def test_a_browser_without_the_xsrf_token_changes_nothing(path, standin, fetch, session):
    cookies, _ = await session()
    before = standin.state()
    assert (await fetch(path, headers=cookies, body=BODIES[path])).code == 403
    assert (await fetch(path, headers={**cookies, "X-XSRFToken": "x"}, body=BODIES[path])).code == 403
    assert standin.state() == before


@pytest.mark.parametrize("path", POSTS)
async def test_a_browser_with_the_token_of_the_page_may_decide_and_erase(path, standin, fetch, session):
    cookies, token = await session()
    assert (await fetch(path, headers={**cookies, "X-XSRFToken": token}, body=BODIES[path])).code == 200


@pytest.mark.parametrize("path", POSTS)
async def test_another_site_changes_nothing(path, standin, fetch, session):
    cookies, token = await session()
    headers = {**cookies, "X-XSRFToken": token, "Origin": "https://elsewhere.example"}
    assert (await fetch(path, headers=headers, body=BODIES[path])).code in (403, 404)


@pytest.mark.parametrize("path", POSTS)
async def test_nothing_is_decided_or_erased_by_looking(path, standin, fetch, jp_auth_header):
    assert (await fetch(path, headers=jp_auth_header)).code == 405


# Authorised


class NoTelemetry(Authorizer):
    """Lets everyone do all but one action with telemetry."""

    denied = "read"

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        return (action, resource) != (self.denied, "telemetry")


class OnlyLook(NoTelemetry):
    denied = "write"


@pytest.fixture
def with_authorizer(request, jp_server_config):
    jp_server_config.ServerApp.authorizer_class = request.param


@pytest.mark.parametrize("path", GETS)
@pytest.mark.parametrize("with_authorizer", [NoTelemetry], indirect=True)
async def test_whom_the_authorizer_denies_to_look_sees_nothing(path, with_authorizer, standin, fetch, jp_auth_header):
    answer = await fetch(path, headers=jp_auth_header)
    assert answer.code == 403
    assert CONTENTS.encode() not in answer.body


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("with_authorizer", [OnlyLook], indirect=True)
async def test_whom_the_authorizer_lets_only_look_changes_nothing(
    path, with_authorizer, standin, fetch, jp_auth_header
):
    assert (await fetch("telemetry/api/state", headers=jp_auth_header)).code == 200
    assert (await fetch(path, headers=jp_auth_header, body=BODIES[path])).code == 403
    assert standin.switches[0]["why"] == "undecided"
    assert standin.lines


# The owner


class Named(IdentityProvider):
    """Knows people by their tokens, as a Hub does."""

    def get_user(self, handler: Any) -> User | None:
        name = self.get_token(handler)
        handler._token_authenticated = True
        return User(username=name) if name in ("ada", "eve", "root") else None


@pytest.fixture
def hub(jp_server_config, monkeypatch):
    """Ada's server under a Hub, to which Eve has been given access, and which root administers."""
    monkeypatch.setenv("JUPYTERHUB_USER", "ada")
    jp_server_config.ServerApp.identity_provider_class = Named


@pytest.mark.parametrize("name", ["eve", "root"])
@pytest.mark.parametrize("path", [*GETS, *POSTS])
async def test_under_a_hub_others_see_and_change_nothing(path, name, hub, standin, fetch):
    before = standin.state()
    request = {"body": BODIES[path]} if path in POSTS else {}
    answer = await fetch(path, headers={"Authorization": f"token {name}"}, **request)
    assert answer.code == 403
    assert b"the person whom this server belongs to" in answer.body
    assert CONTENTS.encode() not in answer.body
    assert standin.state() == before


@pytest.mark.parametrize("path", [*GETS, *POSTS])
async def test_under_a_hub_the_owner_sees_and_changes_all(path, hub, standin, fetch):
    request = {"body": BODIES[path]} if path in POSTS else {}
    assert (await fetch(path, headers={"Authorization": "token ada"}, **request)).code == 200


async def test_others_are_told_why_on_a_page_that_looks_like_one(hub, standin, fetch):
    answer = await fetch("telemetry", headers={"Authorization": "token eve"})
    text = answer.body.decode()
    assert "<h1>This page is for the owner of this server</h1>" in text
    assert "ada" not in text
    for path in re.findall('(?:href|src)="(.+?)"', text):
        assert (await fetch(path, headers={"Authorization": "token eve"})).code == 200


# What is answered


@pytest.mark.parametrize("path", [*GETS, "telemetry/static/page.js"])
async def test_no_cache_keeps_an_answer(path, standin, fetch, jp_auth_header):
    answer = await fetch(path, headers=jp_auth_header)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_refusals_are_not_kept_either(hub, standin, fetch):
    answer = await fetch("telemetry", headers={"Authorization": "token eve"})
    assert answer.headers["Cache-Control"] == "no-store"


async def test_the_page_may_run_and_load_its_own_files_only(standin, fetch, jp_auth_header):
    answer = await fetch("telemetry", headers=jp_auth_header)
    own = answer.headers["Content-Security-Policy"].partition(", ")[2]
    rules = dict(rule.strip().split(" ", 1) for rule in own.split(";"))
    assert rules.pop("trusted-types") == rules.pop("default-src") == "'none'"
    assert rules.pop("base-uri") == rules.pop("form-action") == "'none'"
    assert rules.pop("require-trusted-types-for") == "'script'"
    assert set(rules.values()) == {"'self'"}
    text = answer.body.decode()
    assert re.findall("<script(?![^>]* src=)", text) == re.findall(r"<style|\son\w+=|\sstyle=", text) == []
    for path in re.findall('(?:href|src)="(.+?)"', text):
        assert (await fetch(path, headers=jp_auth_header)).code == 200


@pytest.fixture
def framed(jp_server_config) -> str:
    """An operator's own policy, which replaces Jupyter's."""
    policy = "frame-ancestors https://portal.example"
    jp_server_config.ServerApp.tornado_settings = {"headers": {"Content-Security-Policy": policy}}
    return policy


async def test_an_operators_own_policy_holds_beside_the_pages(framed, standin, fetch, jp_auth_header):
    answer = await fetch("telemetry", headers=jp_auth_header)
    first, _, second = answer.headers["Content-Security-Policy"].partition(", ")
    assert first == framed
    assert "script-src 'self'" in second


def test_every_file_of_the_page_is_served_and_packaged():
    assert {path.name for path in STATIC.iterdir()} == {*MEDIA_TYPES, "page.html", "refused.html"}


def test_no_script_of_the_page_makes_html_of_text():
    for path in STATIC.glob("*.js"):
        text = path.read_text("utf-8")
        assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|DOMParser", text) == [], path


@pytest.mark.parametrize("name", ["../handlers.py", "page.html", "..%2f..%2fbackend.py", "%2e%2e/handlers.py"])
async def test_no_other_file_is_served(name, standin, fetch, jp_auth_header):
    assert (await fetch(f"telemetry/static/{name}", headers=jp_auth_header)).code == 404


async def test_a_decision_about_another_policy_than_was_shown_is_refused(standin, fetch, jp_auth_header):
    standin.change_policy()
    answer = await fetch("telemetry/api/consent", headers=jp_auth_header, body=BODIES["telemetry/api/consent"])
    assert answer.code == 409
    assert "has changed" in json.loads(answer.body)["message"]
    assert standin.switches[0]["why"] == "undecided"


BAD = [
    ("telemetry/api/consent", None),
    ("telemetry/api/consent", []),
    ("telemetry/api/consent", {"choices": {}, "policy": POLICY}),
    ("telemetry/api/consent", {"choices": {"*": 1}, "policy": POLICY}),
    ("telemetry/api/consent", {"choices": ["*"], "policy": POLICY}),
    ("telemetry/api/consent", {"choices": {"*": True}}),
    ("telemetry/api/erase", {}),
    ("telemetry/api/erase", {"confirm": 1}),
    ("telemetry/api/erase", "confirm"),
]


@pytest.mark.parametrize(("path", "body"), BAD)
async def test_a_request_that_makes_no_sense_changes_nothing(path, body, standin, fetch, jp_auth_header):
    before = standin.state()
    assert (await fetch(path, headers=jp_auth_header, body=body)).code == 400
    assert standin.state() == before


async def test_an_export_is_a_download(standin, fetch, jp_auth_header):
    answer = await fetch("telemetry/api/export?format=jsonl", headers=jp_auth_header)
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert re.fullmatch(
        r'attachment; filename="telemetry-\d{4}-\d\d-\d\d\.jsonl"', answer.headers["Content-Disposition"]
    )
    assert answer.body.decode().splitlines() == standin.lines
    assert (
        (await fetch("telemetry/api/export?format=csv", headers=jp_auth_header))
        .headers["Content-Type"]
        .startswith("text/csv")
    )
    assert (await fetch("telemetry/api/export?format=xml", headers=jp_auth_header)).code == 400


async def test_an_erasure_says_what_had_to_stay_and_why(standin, fetch, jp_auth_header):
    answer = await fetch("telemetry/api/erase", headers=jp_auth_header, body={"confirm": True})
    said = json.loads(answer.body)
    assert said["kept"] == {COURSE: 2}
    assert said["grounds"] == {COURSE: "examination records are kept for five years (Examinations Act § 12)"}


async def test_a_page_that_is_left_open_keeps_no_server_from_being_culled(standin, fetch, jp_auth_header, jp_serverapp):
    before = jp_serverapp.web_app.last_activity()
    await fetch("telemetry/api/events", headers=jp_auth_header)
    assert jp_serverapp.web_app.last_activity() == before


# The server besides


async def test_the_page_is_there_while_nothing_is_allowed(fetch, jp_auth_header, jp_serverapp):
    answer = await fetch("telemetry/api/state", headers=jp_auth_header)
    state = json.loads(answer.body)
    assert not get_eventlog(jp_serverapp).allowed_schemas
    assert state["recording"] is False
    assert state["collected"] == []
    assert state["events"]["lines"] == []


@pytest.mark.parametrize("path", ["telemetryx", "telemetry/x", "telemetry/api", "telemetry/api/statex", "x/telemetry"])
async def test_no_other_address_is_taken(path, standin, fetch, jp_auth_header):
    assert (await fetch(path, headers=jp_auth_header)).code == 404


@pytest.fixture
def strict(jp_server_config):
    """A server that lets nobody in who is not logged in, and warns of handlers that would."""
    jp_server_config.ServerApp.allow_unauthenticated_access = False


async def test_a_strict_server_has_nothing_to_warn_of(strict, standin, fetch, jp_auth_header):
    assert (await fetch("telemetry/api/state", headers=jp_auth_header)).code == 200
    assert refused(await fetch("telemetry/api/state"))
