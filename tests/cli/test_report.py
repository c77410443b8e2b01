from __future__ import annotations

import json
import os
import stat

import pytest

from .conftest import SAVE, process, record


def test_the_page_is_written_for_the_user_alone_and_said(run, journal, home):
    done = run("report", "--journal", journal, "--timezone", "UTC")
    page = home / "telemetry-report.html"
    assert done.status == 0
    assert done.out.startswith(f"{page}: 3 events, ")
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert "25 November 2024" in page.read_text("utf-8")
    assert "\\x1b]0;owned" in page.read_text("utf-8")


def test_the_page_may_go_to_standard_output(run, journal, home):
    out = run("report", "--journal", journal, "--output", "-", "--title", "Ours").out
    assert out.startswith("<!doctype html>")
    assert "<title>Ours · 25 November 2024</title>" in out
    assert os.listdir(home) == []


def test_a_file_that_cannot_be_written_is_an_error(run, journal):
    done = run("report", "--journal", journal, "--output", "/nowhere/report.html")
    assert (done.status, done.err) == (1, "Error: /nowhere/report.html cannot be written: No such file or directory\n")


def test_the_terminal_has_a_form_of_its_own(run, journal, home):
    out = run("report", "--journal", journal, "--terminal", "--timezone", "Europe/Berlin").out
    assert out.splitlines()[0] == "Telemetry report · 25 November 2024"
    assert "Times are Europe/Berlin (UTC+01:00)." in out
    assert os.listdir(home) == []


def test_json_has_the_figures(run, journal):
    figures = json.loads(run("report", "--journal", journal, "--json").out)
    assert (figures["events"], figures["journal"]) == (3, str(journal))


@pytest.mark.parametrize(
    ("since", "status"),
    [("2024-11-25", 0), ("2024-11-25T17:42:05+00:00", 0), ("999999w", 0), ("2024-11-26", 1), ("24h", 1)],
)
def test_since_takes_dates_and_lengths_of_time(run, tmp_path, since, status):
    record(tmp_path, SAVE, {"path": "a"})
    done = run("report", "--journal", tmp_path, "--since", since, "--json")
    assert done.status == status
    assert ("no events in this period" in done.err) == (status == 1)


@pytest.mark.parametrize("since", ["yesterday", "7", "-1d", "2026-13-01", "99999-01-01"])
def test_a_time_that_is_none_is_wrong_usage(run, journal, since):
    done = run("report", "--journal", journal, f"--since={since}")
    assert done.status == 2
    assert "write 24h, 7d, 4w, or a date such as 2026-11-23" in done.err


def test_an_unknown_zone_is_an_error(run, journal):
    done = run("report", "--journal", journal, "--timezone", "Mars/Olympus")
    assert (done.status, done.err) == (
        1,
        "Error: no such time zone: write a name of the IANA database, such as UTC or Europe/Berlin\n",
    )


@pytest.mark.parametrize("exists", [True, False])
def test_of_nothing_there_is_no_report(run, tmp_path, home, exists):
    done = run("report", "--journal", tmp_path / "j" if not exists else home)
    assert (done.status, done.out) == (1, "")
    assert "`jupyter telemetry status` says what to do" in done.err
    assert os.listdir(home) == []


def test_open_shows_the_page_in_the_browser(journal, home, tmp_path):
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    browser.chmod(0o700)
    (tmp_path / "xdg-open").symlink_to(browser)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = process("report", "--journal", journal, "--open", env={**os.environ, "PATH": path})
    assert done.returncode == 0
    assert (tmp_path / "opened").read_text().strip().endswith(str(home / "telemetry-report.html"))
