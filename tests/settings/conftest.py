"""What the tests of settings share."""

from __future__ import annotations

import pytest


@pytest.fixture
def key_file(tmp_path):
    """A file with a key of pseudonyms, which others may not read."""
    file = tmp_path / "key"
    file.write_text("k" * 32)
    file.chmod(0o600)
    return file
