"""Every event whose call returned is at rest once, as it was, or counted, whatever is killed, cut, filled or erased."""

from __future__ import annotations

from .oracle.seeds import check, plans


@plans(0)
def test_every_event_whose_call_returned_is_at_rest_once_or_counted(seed, tmp_path):
    check(seed, tmp_path)
