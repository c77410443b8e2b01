"""What the operator asks of a user: `c.EventLog.consent`, and what holds where nothing is said there."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "ALL",
    "MODES",
    "Setting",
    "default_mode",
    "files_that_speak",
    "parse_consent",
    "says_mode_of_all",
    "stated_modes",
]

MODES = ("inform", "opt-out", "opt-in")
ALL = "*"  # the subject of all that no other setting speaks of

_SPEAKING = (b"EventLog", b"load_subconfig")  # the second has another file speak
_ALLOWS = "JUPYTER_TELEMETRY_ALLOWED_SCHEMAS"
_HUB = ("JUPYTERHUB_USER", "JUPYTERHUB_API_TOKEN")


class Setting(NamedTuple):
    """What the operator asks about one subject: a schema id, a glob of ids, a category, or `*` for all else."""

    subject: str
    mode: str  # one of MODES
    reason: str = ""  # why there is no switch, or why it is asked
    legal_basis: str = ""
    not_erasable: str = ""  # on which ground its events may not be erased; "" if they may


_FIELDS = Setting._fields[1:]


def parse_consent(value: object, *, default_mode: str) -> tuple[Setting, ...]:
    """Read the value of `c.EventLog.consent`; the setting of `*` is always there, and comes first.

    It is a mode, or a dict from subjects to a mode or to a dict of a Setting's fields; None or {} says nothing.
    `default_mode` is the mode of `*` where it has none; a subject without a mode has that of `*`.

    Raises ConfigurationError.
    """
    if value is None:
        value = {}
    if isinstance(value, str):
        value = {ALL: value}
    if not isinstance(value, Mapping):
        raise ConfigurationError(
            f"EventLog.consent: write a mode ({_one_of(MODES)}), or a dict from a schema id, a glob, a category or "
            f'"*" to a mode, not a {type(value).__name__}'
        )
    if misplaced := [name for name in _FIELDS if name in value]:
        raise ConfigurationError(
            f"EventLog.consent: {misplaced[0]!r} is said of a subject: write it as "
            f'{{"*": {{"mode": "{default_mode}", {misplaced[0]!r}: …}}}}'
        )
    whole = _setting(ALL, value.get(ALL, {}), default_mode)
    return (whole, *(_setting(subject, entry, whole.mode) for subject, entry in value.items() if subject != ALL))


def says_mode_of_all(value: object) -> bool:
    """Say whether a value of `c.EventLog.consent` leaves no schema to the default mode."""
    return ALL in stated_modes(value)


def stated_modes(value: object) -> dict[str, str]:
    """Return the modes that a value of `c.EventLog.consent` itself states, by subject."""
    if isinstance(value, str):
        return {ALL: value}
    entries = value.items() if isinstance(value, Mapping) else ()
    modes = {subject: entry.get("mode") if isinstance(entry, Mapping) else entry for subject, entry in entries}
    return {subject: mode for subject, mode in modes.items() if isinstance(mode, str)}


def _setting(subject: object, entry: object, mode: str) -> Setting:
    if not isinstance(subject, str) or not subject:
        raise ConfigurationError(
            f"EventLog.consent: a subject is a schema id, a glob, a category or '*', not {subject!r}"
        )
    where = f"EventLog.consent[{subject!r}]"
    if isinstance(entry, str):
        entry = {"mode": entry}
    if not isinstance(entry, Mapping):
        raise ConfigurationError(f"{where}: write a mode ({_one_of(MODES)}), or a dict with {_one_of(_FIELDS)}")
    for name, text in entry.items():
        if name not in _FIELDS:
            raise ConfigurationError(
                f"{where}: unknown key {name!r}{_nearest(name, _FIELDS)}; known are {_all(_FIELDS)}"
            )
        if not isinstance(text, str):
            hint = "; write the ground why not" if name == "not_erasable" else ""
            raise ConfigurationError(f"{where}[{name!r}]: write a text, not a {type(text).__name__}{hint}")
    fields = {"mode": mode, **entry}
    if fields["mode"] not in MODES:
        raise ConfigurationError(
            f"{where}: unknown mode {fields['mode']!r}{_nearest(fields['mode'], MODES)}; write {_one_of(MODES)}"
        )
    return Setting(subject, **fields)


def _one_of(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names[:-1]) + f' or "{names[-1]}"'


def _all(names: tuple[str, ...]) -> str:
    return ", ".join(names[:-1]) + f" and {names[-1]}"


def _nearest(name: object, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
    return f" (did you mean {near[0]!r}?)" if near else ""


def default_mode(
    environ: Mapping[str, str], config_files: Iterable[str | os.PathLike[str]], *, reads_environment: bool = False
) -> tuple[str, str]:
    """Return the mode where the operator states none, and why, to be told to the user.

    "opt-in" where somebody else than the user may have decided that events are recorded: under a JupyterHub, if the
    environment says so, or if a configuration file that speaks of EventLog is not the user's own. Else "inform".

    Parameters
    ----------
    environ: of the process.
    config_files: those that were read, whatever they say.
    reads_environment: what is allowed may stand in the environment.
    """
    for name in _HUB:
        if environ.get(name):
            return "opt-in", f"{name} is set, so this belongs to a JupyterHub, whose operator is not its user"
    if reads_environment and environ.get(_ALLOWS):
        return "opt-in", f"{_ALLOWS} is set, which is for whoever starts this, and not for its user"
    for file in config_files:
        if why := _why_not_own(Path(file), environ):
            return "opt-in", f"{file}, which configures EventLog, {why}"
    return "inform", "what configures EventLog is the user's own"


def files_that_speak(config_files: Iterable[str | os.PathLike[str]], setting: str) -> list[Path]:
    """Return those of the files that were read that speak of a setting of EventLog."""
    found = []
    for file in map(Path, config_files):
        with suppress(OSError):  # it is gone
            text = file.read_bytes()
            if _SPEAKING[0] in text and setting.encode() in text:
                found.append(file)
    return list(dict.fromkeys(found))


def _why_not_own(file: Path, environ: Mapping[str, str]) -> str:
    """Return why a file may speak of EventLog for somebody else than the user; "" if it does not."""
    try:
        text = file.read_bytes()
        if not any(word in text for word in _SPEAKING):
            return ""
        real = file.resolve()
        owner = real.stat().st_uid
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, RuntimeError) as error:
        return f"cannot be read ({type(error).__name__}), so it may be another's"
    if hasattr(os, "geteuid") and owner != os.geteuid():
        return f"belongs to another user (uid {owner})"
    if not os.access(real, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        return "cannot be changed by the user"
    if _is_in(real, _shared_places(environ)) and not _is_in(real, _own_places(environ)):
        return "stands where Jupyter is configured for all users"
    return ""


def _is_in(file: Path, places: Iterable[Path]) -> bool:
    return any(file.is_relative_to(place) for place in places)


def _shared_places(environ: Mapping[str, str]) -> list[Path]:
    """Return where Jupyter looks for the configuration of a machine, an environment or a deployment."""
    from jupyter_core.paths import ENV_CONFIG_PATH, SYSTEM_CONFIG_PATH  # when needed

    named = environ.get("JUPYTER_CONFIG_PATH", "").split(os.pathsep)
    return [Path(place).resolve() for place in (*SYSTEM_CONFIG_PATH, *ENV_CONFIG_PATH, *named) if place]


def _own_places(environ: Mapping[str, str]) -> list[Path]:
    """Return the user's home and Jupyter's configuration directory; a home that is the root says nothing."""
    from jupyter_core.paths import jupyter_config_dir  # when needed

    home = Path(environ.get("HOME") or os.path.expanduser("~")).resolve()
    config = Path(environ.get("JUPYTER_CONFIG_DIR") or jupyter_config_dir()).resolve()
    return [place for place in (home, config) if place != place.parent]
