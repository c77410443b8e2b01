"""The text of the file of decisions: all of them, the policies that they were about, and what the user was shown.

{"version": 1,
 "decisions": [{"subject": "*", "decision": "granted", "decided_at": "…Z", "policy": "sha256:…", "by": "page",
                "shown": "sha256:…"}, …],          the oldest first
 "policies": {"sha256:…": {…}},                    each under its digest; see statement
 "texts": {"sha256:…": "…"},                       the words in which the user was shown them
 "lost": ["consent.json.unreadable-5f3a9c01", …]}  earlier files that could not be read, and were put aside
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from .statement import digest

__all__ = ["Decision", "Decisions", "Ledger", "Unreadable"]

_VERSION = 1
_WORDS = {True: "granted", False: "refused"}
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Decision(NamedTuple):
    """What a user decided of one subject."""

    subject: str
    granted: bool
    decided_at: str  # RFC 3339 in UTC
    digest: str  # of the policy that it was about
    by: str  # "page" or "command line"
    shown: str = ""  # the words in which they were shown that policy

    @property
    def word(self) -> str:
        """The decision: "granted" or "refused"."""
        return _WORDS[self.granted]


class Decisions(NamedTuple):
    """What is known of a user's decisions."""

    latest: Mapping[str, Decision] = _NOTHING  # by subject
    statements: Mapping[str, dict[str, Any]] = _NOTHING  # the policies that they were about, by digest
    problem: str = ""  # why there may have been decisions that are not in `latest`
    history: tuple[Decision, ...] = ()  # the oldest first


class Unreadable(Exception):
    """Why a file of decisions cannot be read, to be put behind its name: "is damaged: …"."""


class Ledger:
    """The decisions of a file, to which new ones are added.

    Raises Unreadable if `content` is not wholly as this version writes it: of what stands in such a file nothing is
    taken, for what a refusal was may be just what is damaged.
    """

    def __init__(self, content: bytes | None = None) -> None:
        self._decisions: list[Decision] = []
        self._policies: dict[str, dict[str, Any]] = {}
        self.lost: list[str] = []
        if content is not None:
            try:
                self._parse(json.loads(content))
            except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
                raise Unreadable("is damaged: it is not what jupyter_telemetry wrote") from None

    def add(self, decision: Decision, statement: dict[str, Any]) -> None:
        """Add a decision about a policy, whose digest it has."""
        self._decisions.append(decision)
        self._policies[decision.digest] = statement

    def decisions(self) -> Decisions:
        """Return all that it says; `problem` if an earlier file was lost."""
        problem = f"could not be read before, and was put aside as {self.lost[-1]}" if self.lost else ""
        return Decisions(
            MappingProxyType({each.subject: each for each in self._decisions}),
            MappingProxyType(self._policies),
            problem,
            tuple(self._decisions),
        )

    def encode(self) -> bytes:
        """Return the file's content, which a person can read."""
        texts = {_named(each.shown): each.shown for each in self._decisions}
        decisions = [
            {
                "subject": each.subject,
                "decision": each.word,
                "decided_at": each.decided_at,
                "policy": each.digest,
                "by": each.by,
                "shown": _named(each.shown),
            }
            for each in self._decisions
        ]
        about = {
            "version": _VERSION,
            "decisions": decisions,
            "policies": self._policies,
            "texts": texts,
            "lost": self.lost,
        }
        return json.dumps(about, indent=1).encode("ascii") + b"\n"

    def _parse(self, about: Any) -> None:
        if about["version"] != _VERSION:
            raise Unreadable("was written by another version of jupyter_telemetry")
        granted = {word: each for each, word in _WORDS.items()}
        texts = about["texts"]
        if not isinstance(about["decisions"], list):
            raise TypeError
        for each in about["decisions"]:
            fields = (each["subject"], each["decided_at"], each["policy"], each["by"], texts[each["shown"]])
            if not all(isinstance(field, str) for field in fields):
                raise TypeError
            subject, decided_at, policy, by, shown = fields
            self._decisions.append(Decision(subject, granted[each["decision"]], decided_at, policy, by, shown))
        self._policies = dict(about["policies"])
        if any(digest(policy) != name for name, policy in self._policies.items()):
            raise ValueError
        if not {each.digest for each in self._decisions} <= self._policies.keys():
            raise KeyError
        self.lost = [str(name) for name in about["lost"]]


def _named(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"
