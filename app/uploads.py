"""Files of a request: how large it may be, each looked at and kept sealed, and one of them given out again."""

import errno
import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from typing import IO, Any, TypeVar

from flask import current_app, request, send_file, session
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from app import access, headers, media
from app.aside import aside, one_by_one
from app.extensions import vault
from app.media import Examined
from app.outbox import unit_of_work
from app.sealed_files import Shelf, random_name
from app.templating import city
from routing.terms import UPLOAD_RANGES
from tickets import attached, errors, service, terms
from tickets.attached import Attached
from tickets.attaching import KeptFile
from tickets.permissions import Actor
from tickets.sealing import SealError

log = logging.getLogger(__name__)

View = TypeVar("View", bound=Callable[..., Any])
FIELD = "files"
ATTACHMENTS = Shelf("attachments", "file", "attachment")
MB = 1024 * 1024
LARGEST_REQUEST = (UPLOAD_RANGES["request_mb"][1] + 1) * MB
"""Read at most, whatever the city sets: what is beyond the city's own limit is refused with the words kept."""
STRAY_AFTER = timedelta(hours=24)
LOST = Examined("", "", "", b"", None)
"""In the place of files that found no room while they came in: none is kept of what they were sent with."""
LEAST_FREE = 256 * MB
"""Left to the database, often on the same disk: it must be able to take the words where files are not."""


def takes_files(view: View) -> View:
    """Let requests to this view be as large as files make them; all others stay small."""
    view.takes_files = True  # type: ignore[attr-defined]
    return view


def make_room() -> None:
    """Before anything reads the request's form. No form without files is large.

    Nor is one for staff from somebody who did not sign in. A session that has run out since will do: what was
    typed is kept, and that is found by reading it.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or not getattr(view, "takes_files", False) or request.mimetype != "multipart/form-data":
        return
    if access.entry_of(view) == access.PUBLIC or "_user_id" in session:
        request.max_content_length = LARGEST_REQUEST


def are_sent() -> bool:
    """Whether any file came with the request."""
    return any(one.filename for one in request.files.getlist(FIELD))


def once_more(faults: Mapping[str, str]) -> dict[str, str]:
    """The faults of a form that is shown again: no page can hold files, so they must be chosen again."""
    return {FIELD: "file_again", **faults} if are_sent() else dict(faults)


def examined() -> list[Examined]:
    """The files of the request, as they may be kept. Raises Invalid when one of them may not."""
    sent = [one for one in request.files.getlist(FIELD) if one.filename]
    if not sent:
        return []
    with unit_of_work():
        limits = terms.upload_limits(city())
    sizes = [_size(one) for one in sent]
    if len(sent) > limits["files"]:
        raise _refusal("file_count")
    if any(getattr(one.stream, "is_lost", False) for one in sent):
        return [LOST]
    if max(sizes) > limits["file_mb"] * MB or sum(sizes) > limits["request_mb"] * MB:
        raise _refusal("file_size")
    found = []
    for one in sent:
        judged = one_by_one(_judged, one.filename or "", one.stream, limits["megapixels"] * 1_000_000)
        if isinstance(judged, str):
            raise _refusal(judged)
        found.append(judged)
    return found


def _judged(name: str, stream: IO[bytes], most_pixels: int) -> Examined | str:
    """Read when its turn has come: those that wait hold no file in memory."""
    return media.judge(name, stream.read(), most_pixels)


def _refusal(code: str) -> errors.Invalid:
    return errors.Invalid(fields={FIELD: code})


def _size(one: FileStorage) -> int:
    size = one.stream.seek(0, 2)
    one.stream.seek(0)
    return size


@dataclass(frozen=True)
class Held:
    """Files on the disk that have no rows yet; `fault` is the code of why there are none."""

    files: tuple[KeptFile, ...] = ()
    fault: str = ""


@contextmanager
def held(files: Sequence[Examined]) -> Iterator[Held]:
    """Files on the disk while a block gives them rows. Where it is refused they go again.

    Whatever else happens leaves them to the sweep: of a commit that was cut off nobody knows whether it was done.
    """
    found = aside(_kept, _data_dir(), vault().keys, files) if files else Held()
    try:
        yield found
    except errors.TicketError:
        _drop(_data_dir(), found.files)
        raise


def _kept(data_dir: str, keys: Any, files: Sequence[Examined]) -> Held:
    """All of them sealed under names of their own, or none."""
    done: list[KeptFile] = []
    try:
        _check_room(data_dir, files)
        for one in files:
            done.append(_kept_one(data_dir, keys, one))
    except OSError as fault:
        log.error("files could not be kept: %s", fault.strerror)
        _drop(data_dir, done)
        return Held(fault="no_room")
    return Held(tuple(done))


def _check_room(data_dir: str, files: Sequence[Examined]) -> None:
    """Raise OSError where files would leave too little, or found no room before."""
    wanted = LEAST_FREE + sum(len(one.content) for one in files)
    if LOST in files or shutil.disk_usage(ATTACHMENTS.place(data_dir)).free < wanted:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _kept_one(data_dir: str, keys: Any, one: Examined) -> KeptFile:
    def store(content: bytes) -> str:
        name = random_name()
        return ATTACHMENTS.store(data_dir, keys, name, name, content)

    file = store(one.content)
    try:
        thumbnail = store(one.thumbnail) if one.thumbnail else None
    except OSError:
        ATTACHMENTS.remove(data_dir, file)
        raise
    digest = hashlib.sha256(one.content).digest()
    return KeptFile(one.name, one.kind, one.media_type, len(one.content), digest, file, thumbnail)


def _drop(data_dir: str, files: Sequence[KeptFile]) -> None:
    for one in files:
        for name in filter(None, (one.file, one.thumbnail)):
            ATTACHMENTS.remove(data_dir, name)


def put_in(actor: Actor, ticket_id: int, files: Sequence[Examined], purpose: str, part: int | None) -> None:
    """Keep files and put them in, by themselves: what is refused afterwards leaves them where they are.

    Raises what the verb raises, and Invalid where there is no room.
    """
    with held(files) as found:
        if found.fault:
            raise _refusal(found.fault)
        with unit_of_work() as now:
            service.attach(actor, now, ticket_id, found.files, purpose, part)


def given_out(one: Attached, small: bool) -> Response:
    """One file, to be saved and never shown as a page of ours. Raises NotFound where it is gone or damaged."""
    name = one.thumbnail if small else one.file
    content = aside(_loaded, _data_dir(), vault().keys, name or "", None if small else one.digest)
    if content is None:
        log.error("attachment %s cannot be read", one.id)
        raise errors.NotFound()
    media_type = "image/jpeg" if small else one.media_type
    answer = send_file(BytesIO(content), mimetype=media_type, as_attachment=True, download_name=one.name)
    answer.headers["Cache-Control"] = "no-store"
    headers.confine()
    return answer


def thumbnails(of: Sequence[Attached]) -> list[bytes]:
    """The small pictures, for a page of ours that is made with them. Raises Invalid where one cannot be read."""
    found = aside(_all_loaded, _data_dir(), vault().keys, [one.thumbnail or "" for one in of])
    if None in found:
        raise errors.Invalid(fields={"photos": "file_damaged"})
    return [content for content in found if content is not None]


def _all_loaded(data_dir: str, keys: Any, names: Sequence[str]) -> list[bytes | None]:
    return [_loaded(data_dir, keys, name, None) for name in names]


def _loaded(data_dir: str, keys: Any, name: str, digest: bytes | None) -> bytes | None:
    try:
        content = ATTACHMENTS.load(data_dir, keys, name, name)
    except (OSError, SealError):
        return None
    return content if digest in (None, hashlib.sha256(content).digest()) else None


def sweep(data_dir: str, now: datetime) -> int:
    """Delete files that no row knows, and let go of those that were taken out of ended tickets. Safe to repeat.

    In units of work of its own.
    """
    with unit_of_work():
        attached.let_go(now)
    return ATTACHMENTS.sweep(data_dir, now - STRAY_AFTER, attached.known_files)


def _data_dir() -> str:
    data_dir: str = current_app.extensions["hotline"].data_dir
    return data_dir
