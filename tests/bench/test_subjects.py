"""What was written is read back."""

import pytest

from bench.subjects import WrongLinesError, check


def test_a_missing_a_torn_and_a_damaged_line_are_noticed(tmp_path):
    (tmp_path / "lines.jsonl").write_bytes(b'{"a":1}\n{"a":2}\n')
    check(tmp_path, 2)
    with pytest.raises(WrongLinesError, match="2 lines, not 3"):
        check(tmp_path, 3)
    (tmp_path / "lines.jsonl").write_bytes(b'{"a":1}\n{"a":2}')
    with pytest.raises(WrongLinesError, match="torn"):
        check(tmp_path, 2)
    (tmp_path / "lines.jsonl").write_bytes(b'{"a":1}\n[2]\n')
    with pytest.raises(WrongLinesError, match="no JSON object"):
        check(tmp_path, 2)
