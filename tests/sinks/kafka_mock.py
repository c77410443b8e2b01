"""librdkafka's own mock of a Kafka cluster, as a process: `python kafka_mock.py BROKERS`; it prints where it listens.

It takes lines: `down` and `up` (all brokers: connections are cut, nobody gets in; what they keep stays), `refuse CODE
TIMES` (the next produce requests), and `delay MILLISECONDS` (the answer to each broker's next one); and answers each
with a line. It ends with its input.

The mock is in memory, knows no replication, no access rights and no fsync, and does not check the sequence numbers of
an idempotent producer: what it shows is how a client goes about a cluster that speaks its protocol.
"""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import confluent_kafka

PRODUCE = 0  # its key in Kafka's protocol


def librdkafka():
    """Load the very library that confluent_kafka brings."""
    package = Path(confluent_kafka.__file__).parent
    places = (package.with_name("confluent_kafka.libs"), package / ".dylibs")
    return ctypes.CDLL(str(next(path for place in places for path in place.glob("librdkafka*"))))


class Cluster:
    def __init__(self, brokers):
        self._brokers = range(1, brokers + 1)
        self._library = library = librdkafka()
        for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_mock_cluster_new"):
            getattr(library, name).restype = ctypes.c_void_p
        library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
        library.rd_kafka_conf_set.argtypes = [ctypes.c_void_p, *[ctypes.c_char_p] * 3, ctypes.c_size_t]
        said = ctypes.create_string_buffer(512)
        configuration = library.rd_kafka_conf_new()
        library.rd_kafka_conf_set(configuration, b"log_level", b"0", said, len(said))
        owner = library.rd_kafka_new(0, ctypes.c_void_p(configuration), said, len(said))
        self._cluster = ctypes.c_void_p(library.rd_kafka_mock_cluster_new(ctypes.c_void_p(owner), brokers))

    def bootstrap(self):
        return self._library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()

    def down(self):
        for broker in self._brokers:
            self._library.rd_kafka_mock_broker_set_down(self._cluster, broker)

    def up(self):
        for broker in self._brokers:
            self._library.rd_kafka_mock_broker_set_up(self._cluster, broker)

    def refuse(self, code, times):
        codes = (ctypes.c_int * int(times))(*[int(code)] * int(times))
        self._library.rd_kafka_mock_push_request_errors_array(
            self._cluster, ctypes.c_int16(PRODUCE), ctypes.c_size_t(len(codes)), codes
        )

    def delay(self, milliseconds):
        for broker in self._brokers:
            self._library.rd_kafka_mock_broker_push_request_error_rtts(
                *(self._cluster, ctypes.c_int32(broker), ctypes.c_int16(PRODUCE)),
                *(ctypes.c_size_t(1), ctypes.c_int(0), ctypes.c_int(int(milliseconds))),
            )


if __name__ == "__main__":
    cluster = Cluster(int(sys.argv[1]))
    print(cluster.bootstrap(), flush=True)
    for line in sys.stdin:
        name, *arguments = line.split()
        getattr(cluster, name)(*arguments)
        print("done", flush=True)
