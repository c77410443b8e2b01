"""All that leaves a process while it records: caught, and written down as a text in which marks can be looked for."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import tempfile
import traceback
import warnings
from pathlib import Path

import orjson


def everything_in(thing):
    """Write down all that can be reached from an object by attributes, elements, causes, contexts and notes."""
    found, seen, waiting = [], {}, [thing]
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, (type, type(logging))) or callable(each):
            continue
        seen[id(each)] = each  # holds it, so that no other gets its id
        if isinstance(each, (str, bytes, int, float)):
            found.append(each.decode(errors="replace") if isinstance(each, bytes) else str(each))
        elif isinstance(each, dict):
            waiting += [*each.keys(), *each.values()]
        elif isinstance(each, (list, tuple, set, frozenset)):
            waiting += list(each)
        else:
            found += [str(each), repr(each)]
            waiting += [getattr(each, "__dict__", None), getattr(each, "args", None)]
            waiting += [getattr(each, name, None) for kind in type(each).__mro__ for name in _slots(kind)]
        if isinstance(each, BaseException):
            waiting += [each.__cause__, each.__context__]
            found += traceback.format_exception(each)
    return "\n".join(found)


def _slots(kind):
    slots = vars(kind).get("__slots__", ())
    return [name for name in ((slots,) if isinstance(slots, str) else slots) if not name.startswith("__")]


class Records(logging.Handler):
    """Keeps the records that it gets."""

    def __init__(self, limits=None):
        super().__init__()
        self.records = []
        if limits:
            self.event_limits = limits

    def emit(self, record):
        self.records.append(record)

    def events(self):
        """Return the events that it got, without metadata."""
        return [_properties(json.loads(record.getMessage())) for record in self.records]

    def text(self):
        records = [[record.getMessage(), record] for record in self.records]
        return everything_in(records) + "".join(json.dumps(vars(record), default=repr) for record in self.records)


class LineHandler(logging.Handler):
    """Keeps the lines, and the schemas, that it gets."""

    def __init__(self, limits=None):
        super().__init__()
        self.lines, self.schemas = [], []
        if limits:
            self.event_limits = limits

    def write_event(self, line):
        self.lines.append(line)

    def write_schema(self, schema_id, version, schema):
        self.schemas.append(schema)

    def events(self):
        return [_properties(orjson.loads(line)) for line in self.lines]

    def text(self):
        return everything_in([self.lines, self.schemas])


class Failing(logging.Handler):
    """Fails with all that it was given in its error."""

    def emit(self, record):
        raise ValueError(record.getMessage(), record.event)


def _properties(written):
    return {name: value for name, value in written.items() if not name.startswith("__")}


class Watch:
    """Catches what is said while it is entered: all loggers, warnings, the two outputs, errors, temporary files."""

    def __init__(self, directory: Path):
        self._directory = directory
        self._logs = Records()
        self._output = io.StringIO()
        self._errors: list[BaseException] = []

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            stack.enter_context(contextlib.redirect_stdout(self._output))
            stack.enter_context(contextlib.redirect_stderr(self._output))
            self._warnings = stack.enter_context(warnings.catch_warnings(record=True))
            warnings.simplefilter("always")
            root = logging.getLogger()
            stack.callback(root.setLevel, root.level)
            stack.callback(root.removeHandler, self._logs)
            stack.callback(setattr, tempfile, "tempdir", tempfile.tempdir)
            tempfile.tempdir = str(self._directory)
            root.setLevel(logging.DEBUG)
            root.addHandler(self._logs)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc_info):
        self._stack.close()

    def error_of(self, call, *args):
        """Make a call; return its error, which is watched too, or None."""
        try:
            call(*args)
        except Exception as error:
            self._errors.append(error)
            return error
        return None

    def text(self):
        """Return all that was said."""
        said = [[warning.message, warning.source] for warning in self._warnings]
        return "\n".join((self._logs.text(), self._output.getvalue(), everything_in([said, self._errors])))


def text_of_files(directory: Path):
    """Return the names of all files below a directory, and what is in them."""
    files = [file for file in directory.rglob("*") if file.is_file()]
    return "\n".join(f"{file}\n{file.read_bytes().decode(errors='replace')}" for file in files)
