"""The patterns of a schema for the `regex` module, which can bound the time of a match.

A pattern of JSON Schema is ECMA-262's, with its `u` flag (draft-07 core §4.3, draft 2020-12 core §6.4). What is
translated is what jsonschema-rs takes as well; the rest is refused when the schema is compiled, never misread:
`\\0`, `[\\b]`, `[]`, named back-references, surrogate pairs. `.` matches all but a newline, in both.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import regex

MATCH_TIMEOUT_S = 0.25
"""Seconds that one match may take."""
MAX_PATTERN_LENGTH = 10_000
"""Characters of a pattern."""

_SETS: Final = {
    "d": "0-9",
    "w": "A-Za-z0-9_",
    "s": r"\t\n\v\f\r\x20\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff",
}
_WORD = f"[{_SETS['w']}]"
_BOUNDARIES: Final = {
    "b": f"(?:(?<={_WORD})(?!{_WORD})|(?<!{_WORD})(?={_WORD}))",
    "B": f"(?:(?<={_WORD})(?={_WORD})|(?<!{_WORD})(?!{_WORD}))",
}
_CONTROLS: Final = {"t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r"}
_GROUP = regex.compile(r"\((?:\?(?::|=|!|<=|<!|<(?P<name>[^\W\d]\w*)>|(?:[is]+(?:-[is]+)?|-[is]+):)|(?!\?))")
_LOOKS: Final = ("(?=", "(?!", "(?<=", "(?<!")
_QUANTIFIER = regex.compile(r"(?:[*+?]|\{[0-9]{1,6}(?:,(?:[0-9]{1,6})?)?\})\??")
_PROPERTY = regex.compile(r"\{[A-Za-z][A-Za-z0-9_=]*\}")
_HEX = regex.compile(r"x([0-9A-Fa-f]{2})|u(?:([0-9A-Fa-f]{4})|\{([0-9A-Fa-f]{1,6})\})")


class PatternError(ValueError):
    """A pattern that is no regular expression of ECMA-262, or one that is not supported."""


class Pattern:
    """A compiled pattern; any thread may use it."""

    def __init__(self, source: str) -> None:
        if len(source) > MAX_PATTERN_LENGTH:
            raise PatternError(f"longer than {MAX_PATTERN_LENGTH} characters")
        try:
            # The full case folding of VERSION1 takes ß for ss; ECMA-262 does not.
            self._regex = regex.compile(f"(?-f:{_Translation(source).text})", regex.VERSION1)
        except (regex.error, OverflowError, MemoryError, RecursionError, ValueError) as error:
            raise PatternError(str(error)) from None

    def found_in(self, text: str) -> bool:
        """Say whether the pattern matches anywhere in `text`. Raises TimeoutError."""
        return self._regex.search(text, timeout=MATCH_TIMEOUT_S) is not None


@lru_cache(maxsize=1024)
def compiled(source: str) -> Pattern:
    """Compile a pattern. Raises PatternError."""
    return Pattern(source)


class _Translation:
    """Reads a pattern from left to right, and writes `text`."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._repeatable = False
        self._open: list[str] = []
        self._looks: list[list[bool]] = [[]]  # of each group that is open: whether each of its terms is a look-around
        self._names: set[str] = set()
        self._groups = 0
        self._references = 0
        written: list[str] = []
        while self._at < len(source):
            written.append(self._term())
        if self._references > self._groups:
            raise PatternError("a back-reference to no group")
        self.text = "".join(written)

    def _term(self) -> str:
        character = self._source[self._at]
        if character in "*+?{":
            return self._quantifier()
        self._repeatable = character not in "(|^$"
        if character == "(":
            return self._group()
        if character == "[":
            self._looks[-1].append(False)
            return self._set()
        self._at += 1
        if character == "\\":
            self._looks[-1].append(False)
            return self._escape(in_set=False)
        if character == ")":
            return self._close()
        self._looks[-1] += [False, False] if character == "|" else [False]
        if character in "^.|":
            return character
        if character in "]}":
            raise PatternError("a bracket that closes nothing")
        return r"\Z" if character == "$" else regex.escape(character)

    def _take(self, form: regex.Pattern[str], what: str) -> regex.Match[str]:
        match = form.match(self._source, self._at)
        if match is None:
            raise PatternError(what)
        self._at = match.end()
        return match

    def _group(self) -> str:
        match = self._take(_GROUP, "a group of an unknown kind")
        text, name = match.group(), match["name"]
        if name in self._names:
            raise PatternError("two groups of one name")
        if name:
            self._names.add(name)
        self._groups += text == "(" or bool(name)
        self._open.append(text)
        self._looks.append([])
        return text

    def _close(self) -> str:
        if not self._open:
            raise PatternError("a group closed that is not open")
        # A look-around is no term that can be repeated (ECMA-262, with the u flag); jsonschema-rs repeats neither one
        # with only a group around it that captures nothing, nor such a group without anything in it.
        opened, looks = self._open.pop(), self._looks.pop()
        captures = opened == "(" or (opened.startswith("(?<") and opened not in _LOOKS)
        is_look = opened in _LOOKS or (looks == [True] and not captures)
        is_empty = not (looks or captures or is_look)
        self._repeatable = not (is_look or is_empty)
        if not is_empty:
            self._looks[-1].append(is_look)
        return ")"

    def _quantifier(self) -> str:
        if not self._repeatable:
            raise PatternError("nothing to repeat")
        self._repeatable = False
        return self._take(_QUANTIFIER, "an incomplete quantifier").group()

    def _escape(self, *, in_set: bool) -> str:
        """Translate what follows a backslash; in a set, as a member of one."""
        if self._at >= len(self._source):
            raise PatternError("a backslash at the end")
        letter = self._source[self._at]
        if letter in "dwsDWS":
            self._at += 1
            members = _SETS[letter.lower()]
            return members if in_set and letter.islower() else f"[{'^' if letter.isupper() else ''}{members}]"
        if letter in "pP":
            self._at += 1
            return f"\\{letter}{self._take(_PROPERTY, 'an unknown property').group()}"
        if letter in "bB" and not in_set:
            self._at += 1
            self._repeatable = False
            return _BOUNDARIES[letter]
        if letter in "123456789" and not in_set:
            self._at += 1
            self._references = max(self._references, int(letter))
            return f"(?:\\{letter})"
        return _member(self._character())

    def _character(self) -> str:
        """Give the one character that an escape means."""
        letter = self._source[self._at]
        if letter in "xu":
            digits = self._take(_HEX, "an incomplete escape")
            code = int(next(each for each in digits.groups() if each), 16)
            if code > 0x10FFFF or 0xD800 <= code < 0xE000:
                raise PatternError("an escape of no character")
            return chr(code)
        self._at += 1
        if letter in _CONTROLS:
            return _CONTROLS[letter]
        if letter == "c":
            control = self._source[self._at : self._at + 1]
            if not (control.isascii() and control.isalpha()):
                raise PatternError("an incomplete escape")
            self._at += 1
            return chr(ord(control) % 32)
        if letter.isalnum() or not letter.isascii() or letter in "<>":
            raise PatternError("an unknown escape")
        return letter

    def _set(self) -> str:
        self._at += 1
        negated = self._source.startswith("^", self._at)
        self._at += negated
        members: list[str] = []
        while not self._source.startswith("]", self._at):
            members.append(self._range())
        if not members:
            raise PatternError("an empty set")
        self._at += 1
        return f"[{'^' if negated else ''}{''.join(members)}]"

    def _range(self) -> str:
        low = self._set_member()
        after = self._source[self._at + 1 : self._at + 2]
        if not self._source.startswith("-", self._at) or after in ("]", ""):
            return low
        self._at += 1
        high = self._set_member()
        if not (_is_one(low) and _is_one(high)):
            raise PatternError("a range between sets")
        return f"{low}-{high}"

    def _set_member(self) -> str:
        character = self._source[self._at : self._at + 1]
        if not character:
            raise PatternError("an unclosed set")
        self._at += 1
        return self._escape(in_set=True) if character == "\\" else _member(character)


def _member(character: str) -> str:
    """Write one character so that it means itself, in a set and outside."""
    return f"\\U{ord(character):08x}"


def _is_one(member: str) -> bool:
    return member.startswith("\\U")
