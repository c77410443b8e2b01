"""A disclosure in the words of somebody who has never heard of schemas.

plain.json tells of the schemas that Jupyter ships what their own texts tell programmers. A rule of the policy becomes
a sentence. What is decided upon this wording is kept beside the decision, so all of it is done here and not in the
browser.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from ...disclosure import AGREED

__all__ = ["reworded"]

FORMS = {"replaced by null": "left empty", "left out, name and all": "left out altogether"}
ELSE = ("Anything else", "Whatever is not listed here.")
KINDS = {"unrestricted": "nothing about you", "personal-data": "personal data"}
RULES = (  # of privacy.judgement and privacy.plan, and what they mean to a user
    (r"nothing is classified, .*", "The operator lets all of this be kept."),
    (r"everything is allowed here", "The operator lets all of this be kept."),
    (r"allowed_properties names it", "The operator lets this be kept."),
    (r"nobody has classified it", "Nobody has said what it may hold, so it is not kept."),
    (r"the schema says it in a way .*", "It cannot be told what it may hold, so it is not kept."),
    (r"the schema leads to it in more .*", "It cannot be told what it may hold, so it is not kept."),
    (r"the schema does not declare it", "Only what is listed here can be kept."),
    (r"the schema refers to the same .*", "It is the same kind of thing."),
    (r"the schema refers to itself .*", "There are too many of them to list."),
    (r"redactions, by its path", "A rule of the operator for exactly this."),
    (r"redactions: (.*)", "A rule of the operator for {}."),
    (r"allowed: unrestricted", "It says nothing about you."),
    (r"allowed: (.*)", "The operator lets {} be kept."),
    (r"not allowed: (.*)", "It is {}, which the operator does not keep."),
    (r"without consent: (.*)", "You have not agreed to {}."),
)


def reworded(disclosure: dict[str, Any]) -> dict[str, Any]:
    """Return a disclosure in plain words: another dict of the same form, whose groups about the user come first."""
    collected = [_group(each) for each in disclosure["collected"]]
    collected.sort(key=lambda each: (_family(each["schema"]).endswith("/jupyter_telemetry/consent"), each["title"]))
    switches = [{**each, "title": _switch(each, collected)} for each in disclosure["switches"]]
    switches.sort(key=lambda each: each["subject"] == "*")  # "everything else" comes after what else there is
    destinations = [{**each, "sent": _sent(each["sent"], collected)} for each in disclosure["destinations"]]
    return {**disclosure, "collected": collected, "switches": switches, "destinations": destinations}


def _sent(sent: list[dict[str, Any]], collected: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Reword what a destination gets, in the order and by the names of the groups in which it is told."""
    known = [(each["schema"], each["version"]) for each in collected]
    found = sorted(sent, key=lambda each: known.index((each["schema"], each["version"])))
    return [
        {
            **each,
            "title": collected[known.index((each["schema"], each["version"]))]["title"],
            "forms": [{**one, "form": _form(one["form"])} for one in each["forms"]],
        }
        for each in found
    ]


@lru_cache(maxsize=1)
def _plain() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((Path(__file__).parent / "plain.json").read_text("utf-8"))
    return found


def _group(each: dict[str, Any]) -> dict[str, Any]:
    plain = _plain().get(_family(each["schema"]), {})
    fields = plain.get("fields", {})
    return {
        **each,
        "title": plain.get("title") or each["title"].rstrip("."),
        "description": plain.get("description") or each["description"],
        "fields": [_field(field, fields.get(field["path"])) for field in each["fields"]],
    }


def _field(field: dict[str, Any], plain: list[str] | None) -> dict[str, Any]:
    title, description = plain or (field["title"], field["description"])
    if field["path"] == "/*":
        title, description = title or ELSE[0], description or ELSE[1]
    told = {"form": _form(field["form"]), "reason": _rule(field["reason"])}
    return {**field, "title": title, "description": description, **told}


def _form(form: str) -> str:
    """Reword a form; what stands behind it of the user's agreement stays."""
    text, waits = (form.removesuffix(AGREED), AGREED) if form.endswith(AGREED) else (form, "")
    return FORMS.get(text, text) + waits


def _rule(rule: str) -> str:
    for pattern, sentence in RULES:
        if found := re.fullmatch(pattern, rule):
            return sentence.format(*map(_kinds, found.groups()))
    return rule


def _kinds(listed: str) -> str:
    return " and ".join(KINDS.get(each, each) for each in listed.split(", "))


def _switch(switch: dict[str, Any], collected: list[dict[str, Any]]) -> str:
    """Name a switch by what it is about, where its name is that of a schema, a glob or a category."""
    subject, title = str(switch["subject"]), str(switch["title"])
    if title != subject:
        return title
    titles: list[str] = list(dict.fromkeys(each["title"] for each in collected if each["subject"] == subject))
    if len(titles) > 3:
        return f"{'; '.join(titles[:2])}; and {len(titles) - 2} more"
    if titles:
        return "; ".join(titles)
    kind = KINDS.get(subject, subject)
    return kind[:1].upper() + kind[1:] if re.fullmatch(r"[\w -]+", kind) else subject


def _family(schema_id: str) -> str:
    """Return a schema's id without the version at its end."""
    return re.sub(r"/v\d+$", "", schema_id)
