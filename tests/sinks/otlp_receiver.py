"""A receiver of OTLP/HTTP for the tests of the OTLP sink: `python otlp_receiver.py DIRECTORY PORT`, as web_server.py.

It parses what it gets by OpenTelemetry's own messages, and keeps every log record as often as it comes. It rejects
those with the attribute name="refuse me", and answers as the specification says (partial success); below /strict a
request with one is refused as a whole.
"""

from __future__ import annotations

from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from web_server import DATABASE, LOCK, Handler, serve


class Receiver(Handler):
    def keep(self, content):
        if self.path not in ("/v1/logs", "/strict/v1/logs"):
            return 404, b""
        if self.headers["Content-Type"] != "application/x-protobuf":
            return 415, b""
        rows, rejected = [], 0
        for logs in ExportLogsServiceRequest.FromString(content).resource_logs:
            resource = logs.resource.SerializeToString()
            for scope in logs.scope_logs:
                for record in scope.log_records:
                    if any(each.key == "name" and each.value.string_value == "refuse me" for each in record.attributes):
                        rejected += 1
                    else:
                        rows.append((resource, scope.scope.name, record.SerializeToString()))
        if rejected and self.path.startswith("/strict"):
            return 400, Status(code=3, message="refuse me").SerializeToString()
        with LOCK, DATABASE:
            DATABASE.executemany("insert into events values (?, ?, ?)", rows)
        response = ExportLogsServiceResponse()
        if rejected:
            response.partial_success.rejected_log_records = rejected
            response.partial_success.error_message = "refuse me"
        return 200, response.SerializeToString()


if __name__ == "__main__":
    serve(Receiver, "(resource blob, scope text, record blob)")
