"""What ends a command: a sentence for the person at the terminal, or their own wish to stop."""

import errno
import re
from pathlib import Path

# How Python ends a traceback and how PostgreSQL gives up; the lines after those say less.
CAUSE = re.compile(r"^[\w.]*(Error|Exception|Refusal|Refused|Exit)\b.*: |\b(FATAL|PANIC): ")
DISK_FULL = "No space left on device"


class Refusal(Exception):
    """The command cannot go on; the text is one sentence that says what to do."""


class StopWanted(Exception):
    """Ctrl-C or SIGTERM arrived while something was being waited for."""


def sentence_of(error: OSError) -> str:
    """One sentence for an operating system error that nobody nearer to it explained."""
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk is full{where}: free some space, or give another folder with --data."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"may not write there{where}: run hotline as that folder's owner, or give another with --data."
    return f"{error.strerror or error}{where}."


def last_line(log: Path) -> str:
    """The line of a log's end that says what went wrong, at most 300 characters; '' when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - 8192))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return ""
    spoken = [line.strip() for line in lines if line.strip()]
    causes = [line for line in spoken if CAUSE.search(line)]
    return (causes or spoken)[-1][:300] if spoken else ""
