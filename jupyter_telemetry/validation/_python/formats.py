"""The formats of JSON Schema (draft 2020-12 validation §7.3), each in a time that grows with its text only.

For the Python backend; its own, because the checkers that jsonschema finds installed differ from one
environment to the next, and some take minutes over a long text.
"""

from __future__ import annotations

import re
from datetime import date
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import TYPE_CHECKING

from .._drafts import Draft
from .patterns import Pattern, PatternError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})\Z")
_TIME = re.compile(
    r"([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9]|60)(?:\.[0-9]+)?(?:[Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))\Z"
)
_DURATION = re.compile(
    r"P(?:[0-9]+W|(?=[0-9T])(?:[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?|[0-9]+M(?:[0-9]+D)?|[0-9]+D)?"
    r"(?:T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S))?)\Z"
)
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\Z")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\Z")
_POINTER = r"(?:/(?:[^~/]|~[01])*)*"
_JSON_POINTER = re.compile(_POINTER + r"\Z", re.DOTALL)
_RELATIVE_POINTER = re.compile(rf"(?:0|[1-9][0-9]*)(?:\#|{_POINTER})\Z", re.DOTALL)
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
_QUOTED = r'"(?:[\x20!\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*"'
_LOCAL = re.compile(rf"(?:{_ATOM}+(?:\.{_ATOM}+)*|{_QUOTED})\Z")
_IDN_LOCAL = re.compile(rf"(?:(?:{_ATOM}|[^\x00-\x7f])+(?:\.(?:{_ATOM}|[^\x00-\x7f])+)*|{_QUOTED})\Z")

_EXPRESSION = r"\{[+#./;?&=,!@|]?VAR(?:,VAR)*\}".replace(
    "VAR", r"(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})(?:\.?(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2}))*(?:\*|:[1-9][0-9]{0,3})?"
)
_TEMPLATE = re.compile(rf"(?:[^\x00-\x20\"%<>\\^`{{|}}\x7f]|%[0-9A-Fa-f]{{2}}|{_EXPRESSION})*\Z")

_PERCENT = "%[0-9A-Fa-f]{2}"
# RFC 3987 §2.2: what an IRI may have beside the characters of a URI, and in its query only.
_UCS = "".join(
    f"{chr(low)}-{chr(high)}"
    for low, high in (
        (0xA0, 0xD7FF),
        (0xF900, 0xFDCF),
        (0xFDF0, 0xFFEF),
        *((plane + (0x1000 if plane == 0xE0000 else 0), plane + 0xFFFD) for plane in range(0x10000, 0xF0000, 0x10000)),
    )
)
_PRIVATE = "\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd"


def _reference(more: str, private: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Write RFC 3986's grammar as two patterns: of a URI, and of a relative reference."""
    unreserved = rf"A-Za-z0-9._~!$&'()*+,;=\-{more}"
    segment = f"(?:[{unreserved}:@]|{_PERCENT})"
    user = f"(?:(?:[{unreserved}:]|{_PERCENT})*@)?"
    host = rf"(?:\[(?P<ip>[0-9A-Fa-f:.]+|[vV][0-9A-Fa-f]+\.[{unreserved}:]+)\]|(?:[{unreserved}]|{_PERCENT})*)"
    authority = f"//{user}{host}(?::[0-9]*)?(?:/{segment}*)*"
    rest = rf"(?:\?(?:[{unreserved}:@/?{private}]|{_PERCENT})*)?(?:\#(?:[{unreserved}:@/?]|{_PERCENT})*)?\Z"
    absolute = rf"/(?:{segment}+(?:/{segment}*)*)?"
    rootless = f"{segment}+(?:/{segment}*)*"
    no_colon = f"(?:[{unreserved}@]|{_PERCENT})+(?:/{segment}*)*"
    return (
        re.compile(f"[A-Za-z][A-Za-z0-9+.-]*:(?:{authority}|{absolute}|{rootless}|){rest}"),
        re.compile(f"(?:{authority}|{absolute}|{no_colon}|){rest}"),
    )


_URI, _RELATIVE_URI = _reference("", "")
_IRI, _RELATIVE_IRI = _reference(_UCS, _PRIVATE)


def is_date(text: str) -> bool:
    """RFC 3339 full-date."""
    match = _DATE.match(text)
    if match is None:
        return False
    year, month, day = map(int, match.groups())
    try:
        # Year 0 is RFC 3339's, and a leap year; datetime starts at 1.
        date(year or 2000, month, day)
    except ValueError:
        return False
    return True


def is_time(text: str) -> bool:
    """RFC 3339 full-time; a leap second only where one can be, at 23:59:60 UTC."""
    match = _TIME.match(text)
    if match is None:
        return False
    hour, minute, second, sign, off_hour, off_minute = match.groups()
    if second != "60":
        return True
    offset = (int(off_hour) * 60 + int(off_minute)) * (-1 if sign == "+" else 1) if sign else 0
    return (int(hour) * 60 + int(minute) + offset) % 1440 == 1439


def is_date_time(text: str) -> bool:
    """RFC 3339 date-time."""
    return text[10:11] in ("T", "t") and is_date(text[:10]) and is_time(text[11:])


def is_hostname(text: str) -> bool:
    """RFC 1123 §2.1; a label in the form of an A-label must be one (RFC 5890 §2.3.1)."""
    return 0 < len(text) <= 253 and all(_LABEL.match(each) and _is_honest(each) for each in text.split("."))


def _is_honest(label: str) -> bool:
    return label[2:4] != "--" or (label[:2].lower() == "xn" and is_idn_hostname(label))


def is_idn_hostname(text: str) -> bool:
    """RFC 5890 §2.3.2.3."""
    import idna  # only for the schema that needs it

    try:
        return not text.endswith((".", "\u3002", "\uff0e", "\uff61")) and bool(idna.encode(text))
    except (idna.IDNAError, UnicodeError):
        return False


def is_ipv4(text: str) -> bool:
    """RFC 2673 §3.2."""
    try:
        IPv4Address(text)
    except AddressValueError:
        return False
    return True


def is_ipv6(text: str) -> bool:
    """RFC 4291 §2.2, without a zone."""
    try:
        return IPv6Address(text).scope_id is None
    except AddressValueError:
        return False


def is_email(text: str) -> bool:
    """RFC 5321 §4.1.2."""
    local, at, domain = text.rpartition("@")
    return bool(at) and len(local) <= 64 and bool(_LOCAL.match(local)) and _is_domain(domain, is_hostname)


def is_idn_email(text: str) -> bool:
    """RFC 6531."""
    local, at, domain = text.rpartition("@")
    return bool(at) and len(local) <= 64 and bool(_IDN_LOCAL.match(local)) and _is_domain(domain, is_idn_hostname)


def _is_domain(text: str, is_name: Callable[[str], bool]) -> bool:
    if text.startswith("[") and text.endswith("]"):
        literal = text[1:-1]
        return is_ipv6(literal[5:]) if literal.startswith("IPv6:") else is_ipv4(literal)
    return is_name(text)


def is_uri(text: str) -> bool:
    """RFC 3986 §3."""
    return _matches(text, _URI)


def is_uri_reference(text: str) -> bool:
    """RFC 3986 §4.1."""
    return _matches(text, _URI) or _matches(text, _RELATIVE_URI)


def is_iri(text: str) -> bool:
    """RFC 3987 §2.2."""
    return _matches(text, _IRI)


def is_iri_reference(text: str) -> bool:
    """RFC 3987 §2.2."""
    return _matches(text, _IRI) or _matches(text, _RELATIVE_IRI)


def _matches(text: str, form: re.Pattern[str]) -> bool:
    match = form.match(text)
    address = match and match["ip"]
    return match is not None and (not address or address[0] in "vV" or is_ipv6(address))


def is_regex(text: str) -> bool:
    """ECMA-262, as far as it is supported."""
    try:
        Pattern(text)  # not kept, as the patterns of schemas are
    except PatternError:
        return False
    return True


def _form(form: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: form.match(text) is not None


_DRAFT4: Mapping[str, Callable[[str], bool]] = {
    "date": is_date,
    "date-time": is_date_time,
    "email": is_email,
    "hostname": is_hostname,
    "idn-email": is_idn_email,
    "ipv4": is_ipv4,
    "ipv6": is_ipv6,
    "regex": is_regex,
    "time": is_time,
    "uri": is_uri,
}
_DRAFT6 = {
    **_DRAFT4,
    "json-pointer": _form(_JSON_POINTER),
    "uri-reference": is_uri_reference,
    "uri-template": _form(_TEMPLATE),
}
_DRAFT7 = {
    **_DRAFT6,
    "idn-hostname": is_idn_hostname,
    "iri": is_iri,
    "iri-reference": is_iri_reference,
    "relative-json-pointer": _form(_RELATIVE_POINTER),
}
_LATER = {**_DRAFT7, "duration": _form(_DURATION), "uuid": _form(_UUID)}

FORMATS: Mapping[Draft, Mapping[str, Callable[[str], bool]]] = {
    Draft.DRAFT4: _DRAFT4,
    Draft.DRAFT6: _DRAFT6,
    Draft.DRAFT7: _DRAFT7,
    Draft.DRAFT201909: _LATER,
    Draft.DRAFT202012: _LATER,
}
