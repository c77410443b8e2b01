"""Decides, for tests that run several processes and kill them: `python decider.py FILE NAME COUNT STALE_LOCK_S`.

It prints the subject of each decision whose call returned.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from jupyter_telemetry.privacy.decisions import DecisionStore
from jupyter_telemetry.privacy.statement import statement

if __name__ == "__main__":
    file, name, count, stale_lock_s = sys.argv[1:]
    store = DecisionStore(Path(file), stale_lock_s=float(stale_lock_s))
    policy = statement(
        allowed_schemas=[name], redactions={}, classifications={}, destinations=[], notice={}, consent=()
    )
    os.write(1, b"ready\n")
    for number in range(int(count)):
        store.decide({f"{name}-{number}": True}, statement=policy, shown=f"shown to {name}", by="command line")
        os.write(1, f"{name}-{number}\n".encode())
