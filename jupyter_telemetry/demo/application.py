"""An application of ten lines that records its own events: `python -m jupyter_telemetry.demo.application DIRECTORY`."""

import sys
import time

from jupyter_telemetry import Event, EventLog
from jupyter_telemetry.journal import JournalHandler

INSTRUMENTS = ["camera", "thermometer", "camera", "spectrometer"] * 3


class BatchDone(Event):
    """A batch of measurements was evaluated."""

    _id, _title, _version = "https://example.org/demo/batch-done", "Batch done", 1
    batch: int
    instrument: str
    seconds: float


if __name__ == "__main__":
    with EventLog(handlers=[JournalHandler(sys.argv[1])], allowed_schemas=[BatchDone._id]) as log:
        log.register_event_model(BatchDone)
        for batch, instrument in enumerate(INSTRUMENTS):
            time.sleep(seconds := 0.3 + batch % 5 / 5)  # the work
            log.record_event_model(BatchDone(batch=batch, instrument=instrument, seconds=seconds))
