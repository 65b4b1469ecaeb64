"""A mail server on the loopback that a test can make refuse, hang or forget to answer."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default


@dataclass
class MailServer:
    """`mode`: ok; refuse (550 to every recipient), later (451), data (554 after the text), hang (no word after the
    greeting), drop (takes the text, keeps it, and cuts the line without an answer), away (cuts the line at once).
    `taken` is what it keeps, in order, with who it was for."""

    port: int = 0
    mode: str = "ok"
    taken: list[tuple[str, Message]] = field(default_factory=list)
    begun: int = 0
    released: threading.Event = field(default_factory=threading.Event)


class _Talk(socketserver.StreamRequestHandler):
    """One connection, line by line, as RFC 5321 has it."""

    def handle(self) -> None:
        server: MailServer = self.server.mail  # type: ignore[attr-defined]
        server.begun += 1
        if server.mode == "away":
            return
        self.say("220 a test")
        if server.mode == "hang":
            server.released.wait(60)
            return
        to = ""
        while line := self.rfile.readline():
            word = line.split(b":")[0].split()[0].upper() if line.strip() else b""
            if word == b"DATA":
                if not self.take(server, to):
                    return
            elif word == b"RCPT":
                to = line.decode().partition("<")[2].partition(">")[0]
                self.say({"refuse": "550 no such mailbox", "later": "451 come back"}.get(server.mode, "250 ok"))
            elif word == b"QUIT":
                return self.say("221 bye")
            else:
                self.say("250 ok")

    def take(self, server: MailServer, to: str) -> bool:
        self.say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        if server.mode == "data":
            self.say("554 not this one")
            return True
        server.taken.append((to, message_from_bytes(b"".join(lines), policy=default)))
        if server.mode == "drop":
            return False
        self.say("250 taken")
        return True

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@contextmanager
def mail_server(mode: str = "ok") -> Iterator[MailServer]:
    """It listens for the block."""
    mail = MailServer(mode=mode)
    with _Server(("127.0.0.1", 0), _Talk) as server:
        server.mail = mail  # type: ignore[attr-defined]
        mail.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield mail
        finally:
            mail.released.set()
            server.shutdown()


def nobody_listens() -> int:
    """A port where no connection is taken."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port
