"""A request's files while they come in: small ones in memory, larger ones in the machine's temporary folder."""

import logging
from contextlib import suppress
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, Any, cast

from flask import Request

log = logging.getLogger(__name__)

IN_MEMORY = 500 * 1024


class Arriving:
    """One file of a form. What the disk does not take of it is lost, and the form's words still come in."""

    def __init__(self) -> None:
        self.is_lost = False
        self._file: Any = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  the request closes it

    def write(self, part: bytes) -> int:
        """Take some more. Written through at once: else a full disk would be noticed by whoever reads it."""
        try:
            if not self.is_lost:
                self._file.write(part)
                self._file.flush()
        except OSError as fault:
            log.error("a file that came in was lost: %s", fault.strerror)
            self.is_lost = True
            with suppress(OSError):
                self._file.close()
            self._file = BytesIO()
        return len(part)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class HotlineRequest(Request):
    """A request whose form is read also where its files find no room."""

    def _get_file_stream(
        self, total_content_length: int | None, content_type: str | None, filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:  # fmt: skip
        return cast(IO[bytes], Arriving())
