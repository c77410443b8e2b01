"""The other plans of test_oracle, which the next worker may play meanwhile."""

from __future__ import annotations

from .oracle.seeds import check, plans


@plans(1)
def test_every_event_whose_call_returned_is_at_rest_once_or_counted(seed, tmp_path):
    check(seed, tmp_path)
