"""Functions as an operator may name them in a redaction."""

from __future__ import annotations

from enum import Enum
from typing import Any


def initial(value: str) -> str:
    return value[:1]


def spoil(value: Any) -> Any:
    """Change what was given as far as it goes."""
    if isinstance(value, dict):
        for each in value.values():
            spoil(each)
        value["spoilt"] = True
    elif isinstance(value, list):
        for each in value:
            spoil(each)
        value.append("spoilt")
    return value


def same(value: Any) -> Any:
    return value


class Answer(Enum):
    YES = "yes"


REMEMBERED: dict[str, Any] = {"answers": [Answer.YES]}


def remembered(value: Any) -> Any:
    """Return what others hold too."""
    return REMEMBERED


CALLS: list[Any] = []


def counted(value: Any) -> Any:
    CALLS.append(value)
    return value


def long(value: str) -> str:
    return value * 1000


def fail(value: Any) -> Any:
    raise LookupError(value)


def not_json(value: Any) -> Any:
    return {"of": [float("nan"), {value} if isinstance(value, str) else object()]}


def reserved(value: Any) -> Any:
    return {"__timestamp__": value}


async def later(value: Any) -> Any:
    return value


def of_two(value: Any, other: Any) -> Any:
    return value


class Masks:
    def __call__(self, value: Any) -> Any:
        return "*"

    @staticmethod
    def stars(value: str) -> str:
        return "*" * len(value)


mask = Masks()


def leave(value: Any) -> Any:
    raise SystemExit(value)
