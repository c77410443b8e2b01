from __future__ import annotations

from typing import Any

from jupyter_telemetry.validation import References, draft_of, own_copy


def graph(schema: dict[str, Any], **resources: dict[str, Any]) -> References:
    """Return a schema as the graph that its validator has; it may be one that cannot be compiled."""
    return References(own_copy(schema), draft_of(schema), {uri: own_copy(each) for uri, each in resources.items()})
