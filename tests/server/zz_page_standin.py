"""A backend of the page that tells of all there can be, as an extension of a Jupyter Server.

It is loaded after jupyter_telemetry (by name: extensions are loaded in the order of theirs) and takes its backend's
place, so that a browser meets every state. `STANDIN` in the environment names one of STATES.
"""

from __future__ import annotations

import copy
import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTING = "jupyter_telemetry_page"
CONTENTS = "https://events.jupyter.org/jupyter_server/contents_service/v1"
KERNELS = "https://events.jupyter.org/jupyter_server/kernel_actions/v1"
COURSE = "https://lms.example.edu/events/exercise/v2"
HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
POLICY = "sha256:4a6f5c1e9d3b8a7705e2f1c09b8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d"
NOTICE = {
    "controller": "Example University, Computing Services",
    "contact": "privacy@example.edu",
    "purpose": "To see which services are used, and to find out why kernels die.",
    "legal_basis": "Your consent (GDPR art. 6 (1) a)",
    "recipients": "The four people who run this Hub",
    "retention": "90 days, then deleted",
}


AS_IT_IS, PSEUDONYM, EMPTY = "kept as it is", "replaced by a pseudonym", "left empty"


def field(path: str, title: str, description: str, form: str, reason: str) -> dict[str, Any]:
    texts = {"path": path, "title": title, "description": description, "form": form, "reason": reason}
    return {**texts, "kept": form != EMPTY}


COLLECTED = [
    {
        "schema": CONTENTS,
        "version": "1",
        "title": "Files that you open, save, rename or delete",
        "description": "Record actions on files via the ContentsManager.\n\nThe notebook ContentsManager REST API is "
        "used by all frontends.",
        "recorded": True,
        "subject": "*",
        "not_erasable": "",
        "fields": [
            field(
                "/action",
                "Action",
                "What was done: get, save, rename, …\n\n1. get",
                AS_IT_IS,
                "It says nothing about you.",
            ),
            field("/path", "File", "Which file or directory.", PSEUDONYM, "It may hold names, and what you work on."),
            field("/source_path", "Old name", "Which file it was before.", EMPTY, "Nothing allows it to be kept."),
        ],
        "example": {
            "before": {"action": "rename", "path": "thesis/chapter 3.ipynb", "source_path": "thesis/draft.ipynb"},
            "after": {
                "action": "rename",
                "path": "pseudonym:0f3c11aa:6f1b2c9d8e7f60514233241506978899",
                "source_path": None,
            },
        },
    },
    {
        "schema": KERNELS,
        "version": "1",
        "title": "Kernels that you start, restart or stop",
        "description": "Record events of a kernel manager.",
        "recorded": True,
        "subject": "*",
        "not_erasable": "",
        "fields": [
            field("/action", "Action", "start, interrupt, shutdown or restart", AS_IT_IS, "It says nothing about you."),
            field("/kernel_id", "Kernel", "A random number.", "cut to 8 characters", "It links what you do."),
            field("/msg", "Message", "What the kernel manager said.", EMPTY, "Free text may hold anything."),
        ],
        "example": {
            "before": {
                "action": "start",
                "kernel_id": "1f0c2a7e-5d1b-4b8e-9a3c-2f7d6e5c4b3a",
                "msg": "Kernel was started",
            },
            "after": {"action": "start", "kernel_id": "1f0c2a7e", "msg": None},
        },
    },
    {
        "schema": COURSE,
        "version": 2,
        "title": "Exercises that you hand in",
        "description": "One event for each exercise that is handed in.",
        "recorded": True,
        "subject": COURSE,
        "not_erasable": "examination records are kept for five years (Examinations Act § 12)",
        "fields": [
            field("/exercise", "Exercise", "Its number.", AS_IT_IS, "Allowed by name."),
            field("/handed_in", "Time", "When it was handed in.", "rounded to the hour", "A finer time is not needed."),
        ],
        "example": {
            "before": {"exercise": 7, "handed_in": "2026-11-23T17:42:05Z"},
            "after": {"exercise": 7, "handed_in": "2026-11-23T17:00:00Z"},
        },
    },
]
EVERYTHING = {
    "subject": "*",
    "title": "Your work on this server",
    "mode": "opt-in",
    "on": False,
    "why": "undecided",
    "can_switch": True,
    "reason": "",
    "legal_basis": "",
    "decided_at": None,
    "asked_again": [],
}
EXERCISES = {
    **EVERYTHING,
    "subject": COURSE,
    "title": "Exercises that you hand in",
    "mode": "inform",
    "on": True,
    "why": "no switch",
    "can_switch": False,
    "reason": "Grades depend on it.",
    "legal_basis": "Examinations Act § 12 (GDPR art. 6 (1) c)",
}
SENT = [
    {
        "schema": CONTENTS,
        "version": "1",
        "title": COLLECTED[0]["title"],
        "recorded": True,
        "forms": [{"form": AS_IT_IS, "paths": ["/action"]}, {"form": EMPTY, "paths": ["/path", "/source_path"]}],
    },
    {
        "schema": COURSE,
        "version": 2,
        "title": COLLECTED[2]["title"],
        "recorded": False,
        "forms": [{"form": AS_IT_IS, "paths": ["/exercise", "/of_another"]}],
    },
]
DESTINATIONS = [
    {"where": "a journal on this machine", "erasable": True, "limits": "", "sent": []},
    {
        "where": "HTTP at collector.example.edu",
        "erasable": False,
        "limits": "without names of files",
        "sent": SENT,
    },
    {"where": "a file on this machine", "erasable": False, "limits": "", "sent": []},
]
UNUSABLE = "EventLog.pseudonym_key_file: '/tmp/none/key' cannot be read: No such file or directory"
DECIDED = "2026-11-20T09:00:00Z"
WIDER = ["the names of kernels are recorded now", "it now also goes to HTTP at collector.example.edu"]
SWITCHES: dict[str, list[dict[str, Any]]] = {
    "opt-in": [EVERYTHING, EXERCISES],
    "opt-out": [{**EVERYTHING, "mode": "opt-out", "on": True}, EXERCISES],
    "granted": [{**EVERYTHING, "on": True, "why": "granted", "decided_at": DECIDED}, EXERCISES],
    "refused": [{**EVERYTHING, "why": "refused", "decided_at": DECIDED}],
    "asked-again": [{**EVERYTHING, "why": "asked again", "decided_at": DECIDED, "asked_again": WIDER}, EXERCISES],
    "do-not-track": [{**EVERYTHING, "why": "do not track", "can_switch": False}],
    "unreadable": [{**EVERYTHING, "why": "unreadable"}],
    "hostile": [{**EVERYTHING, "on": True, "why": "granted", "title": HOSTILE, "reason": HOSTILE}],
    "nothing": [],
    "unusable": [],
}


def line(number: int, schema: str, **event: Any) -> str:
    metadata = {
        "__timestamp__": f"2026-11-25T09:{number // 60:02}:{number % 60:02}.120334Z",
        "__schema__": schema,
        "__schema_version__": "1",
        "__metadata_version__": 2,
        "__id__": f"019ab1c5-7a2e-7001-9f3a-{number:012}",
    }
    return json.dumps(metadata | event, ensure_ascii=False, separators=(",", ":"))


def lines(count: int) -> list[str]:
    made = []
    for number in range(count):
        if number % 4 == 3:
            made.append(line(7 * number, KERNELS, action="start", kernel_id=f"1f0c2a{number:02}", msg=None))
        else:
            action = ("get", "save", "rename")[number % 3]
            path = f"pseudonym:0f3c11aa:{number:032x}"
            made.append(line(7 * number, CONTENTS, action=action, path=path, source_path=None))
    return made


class Standin:
    """A backend with a state of its own; see jupyter_telemetry.server.page.backend.Backend."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.switches = copy.deepcopy(SWITCHES[name])
        self.collected = copy.deepcopy(COLLECTED) if name not in ("nothing", "unusable") else []
        self.lines = lines(11) if name != "nothing" else []
        self.policy = POLICY
        self.notice = dict.fromkeys(NOTICE, "") if name == "nothing" else NOTICE
        self.destinations = DESTINATIONS if self.collected else []
        if name == "hostile":
            self._be_hostile()

    def _be_hostile(self) -> None:
        for each in self.collected:
            each.update(title=HOSTILE, description=HOSTILE, not_erasable=HOSTILE)
            each["fields"] = [field("/a", HOSTILE, HOSTILE, HOSTILE, HOSTILE)]
            each["example"] = {"before": {"a": HOSTILE}, "after": {"a": HOSTILE}}
        self.notice = dict.fromkeys(NOTICE, HOSTILE)
        told = {"title": HOSTILE, "forms": [{"form": HOSTILE, "paths": [HOSTILE]}]}
        self.destinations = [{**each, "where": HOSTILE, "sent": [{**SENT[0], **told}]} for each in DESTINATIONS]
        self.lines = [line(1, HOSTILE, a=HOSTILE, **{HOSTILE: 1}), HOSTILE]

    def state(self) -> dict[str, Any]:
        stands = {each["subject"]: each["on"] for each in self.switches}
        for each in self.collected:
            each["recorded"] = stands.get(each["subject"], stands.get("*", False))
        return {
            "unusable": UNUSABLE if self.name == "unusable" else "",
            "recording": any(each["recorded"] for each in self.collected),
            "notice": self.notice,
            "switches": self.switches,
            "collected": self.collected,
            "destinations": self.destinations,
            "policy": self.policy,
            "journal": self.name != "nothing",
            "standing": self._standing(),
            "events": {"mark": self._mark(), "lines": self.lines},
        }

    def events(self, after: str) -> dict[str, Any]:
        mark = self._mark()
        return {"mark": mark, "standing": self._standing(), "lines": None if after == mark else self.lines}

    def decide(self, choices: dict[str, bool], policy: str) -> dict[str, Any]:
        from jupyter_telemetry.server.page.backend import Refusal

        if policy != self.policy:
            raise Refusal(409, "What is recorded has changed since this page showed it. Please look again, and decide.")
        for each in self.switches:
            if each["subject"] in choices:
                on = choices[each["subject"]]
                each.update(on=on, why="granted" if on else "refused", decided_at=DECIDED, asked_again=[])
        return self.state()

    def export(self, form: str) -> Iterator[bytes]:
        return iter([f"{each}\n".encode() for each in self.lines])

    def erase(self) -> dict[str, Any]:
        self.lines = []
        return {
            "erased": {CONTENTS: 8, KERNELS: 3},
            "kept": {COURSE: 2},
            "grounds": {COURSE: COLLECTED[2]["not_erasable"]},
            "left": [],
            "damaged": 0,
        }

    # For a test, over HTTP

    def happen(self) -> None:
        self.lines = [*self.lines, line(3000 + len(self.lines), CONTENTS, action="save", path="pseudonym:new")][-50:]

    def change_policy(self) -> None:
        self.policy = POLICY.replace("4a6f", "ffff")

    def _mark(self) -> str:
        return f"{len(self.lines)}"

    def _standing(self) -> str:
        return json.dumps([self.policy, self.switches])


def _load_jupyter_server_extension(serverapp: Any) -> None:
    from jupyter_server.base.handlers import APIHandler
    from tornado.web import authenticated

    class Test(APIHandler):
        @authenticated
        async def post(self, what: str) -> None:
            if what in SWITCHES:
                serverapp.web_app.settings[SETTING] = Standin(what)
            else:
                getattr(serverapp.web_app.settings[SETTING], what)()

    serverapp.web_app.settings[SETTING] = Standin(os.environ.get("STANDIN", "opt-in"))
    serverapp.web_app.add_handlers(".*$", [(serverapp.base_url + "test/([a-z_-]+)", Test)])


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "zz_page_standin"}]
