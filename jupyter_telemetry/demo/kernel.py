"""The channel to a kernel, as a browser has it: messages of the Jupyter protocol over the server's WebSocket."""

from __future__ import annotations

import json
import time
import uuid
from datetime import datetime, timezone
from typing import Any

import websocket

__all__ = ["KernelChannel"]

TIMEOUT_S = 30.0


class KernelChannel:
    """Runs cells in a kernel; a context manager."""

    def __init__(self, url: str, kernel_id: str, headers: dict[str, str]) -> None:
        self._session = uuid.uuid4().hex
        self._socket = websocket.create_connection(
            f"ws{url.removeprefix('http')}/api/kernels/{kernel_id}/channels?session_id={self._session}",
            header=headers,
            timeout=TIMEOUT_S,
            http_no_proxy=["127.0.0.1"],
        )

    def __enter__(self) -> KernelChannel:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        # What close leaves out if the server closed it first.
        self._socket.shutdown()  # type: ignore[no-untyped-call]  # the library is typed in part

    def send(self, code: str) -> str:
        """Have a cell run; return the id of the request."""
        request = uuid.uuid4().hex
        header = {
            "msg_id": request,
            "msg_type": "execute_request",
            "session": self._session,
            "username": "demo",
            "version": "5.3",
            "date": datetime.now(timezone.utc).isoformat(),
        }
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
        message = {"channel": "shell", "header": header, "parent_header": {}, "metadata": {}, "content": content}
        self._socket.send(json.dumps(message))
        return request

    def answer(self, request: str, timeout_s: float | None = None) -> str | None:
        """Wait until a cell has run; return "ok" or "error", or None when the time (TIMEOUT_S) is up.

        Only the answer on the shell channel is waited for: what is published (busy, idle, output) may be lost
        while a kernel has just started.
        """
        give_up_at = time.monotonic() + (TIMEOUT_S if timeout_s is None else timeout_s)
        while (left_s := give_up_at - time.monotonic()) > 0:
            message = self._receive(left_s)
            if message.get("msg_type") == "execute_reply" and message["parent_header"].get("msg_id") == request:
                return str(message["content"]["status"])
        return None

    def run(self, code: str) -> None:
        """Run a cell to its end. Raises TimeoutError."""
        if self.answer(self.send(code)) is None:
            raise TimeoutError(f"the kernel did not answer within {TIMEOUT_S:.0f} s")

    def _receive(self, timeout_s: float) -> dict[str, Any]:
        """Return the next message; {} for what is none, or when the time is up."""
        self._socket.settimeout(timeout_s)
        try:
            # With control frames: the server's pings would each begin the time-out anew.
            opcode, data = self._socket.recv_data(control_frame=True)
        except websocket.WebSocketTimeoutException:
            return {}
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            raise ConnectionError("the server closed the channel to the kernel")
        if opcode != websocket.ABNF.OPCODE_TEXT:
            return {}
        message: dict[str, Any] = json.loads(data)
        return message
