"""Is the product ready? One question to /readyz at a time, looked at without waiting for the answer."""

import select
import socket
import time

PATIENCE = 15.0  # seconds for one answer; a web process that still loads gives it as soon as it can
REQUEST = b"GET /readyz HTTP/1.0\r\nHost: %b\r\nConnection: close\r\n\r\n"


class Probe:
    """Called again and again until it says True."""

    def __init__(self, host: str, port: int) -> None:
        self.place = (host.strip("[]"), port)
        self.name = f"{host}:{port}".encode()
        self.line: socket.socket | None = None
        self.asked = 0.0

    def __call__(self) -> bool:
        """Whether an answer 200 has come."""
        try:
            if self.line is None:
                self.line = socket.create_connection(self.place, timeout=1)
                self.line.sendall(REQUEST % self.name)
                self.asked = time.monotonic()
            if not select.select([self.line], [], [], 0)[0]:
                if time.monotonic() - self.asked > PATIENCE:
                    self.close()
                return False
            status = self.line.recv(12)
        except OSError:
            status = b""
        self.close()
        return status.endswith(b" 200")

    def close(self) -> None:
        if self.line is not None:
            self.line.close()
            self.line = None
