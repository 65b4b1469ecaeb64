"""What the account forms send, read and checked for form only."""

from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from tickets import errors

Fields = MultiDict[str, str]


@dataclass(frozen=True)
class Enrolment:
    token: str
    password: str
    login: str
    name: str


def enrolment(form: Fields) -> Enrolment:
    """Raises Invalid where the password was typed differently the second time."""
    return Enrolment(
        token=form.get("token", ""),
        password=new_password(form),
        login=form.get("login", ""),
        name=form.get("name", ""),
    )


def new_password(form: Fields) -> str:
    """A new password, typed twice. Raises Invalid."""
    password = form.get("password", "")
    if not password:
        raise errors.Invalid(fields={"password": "missing"})
    if form.get("again", "") != password:
        raise errors.Invalid(fields={"again": "mismatch"})
    return password


def path_inside(text: str | None) -> str | None:
    """A path of this site to go on to, or None: never another site, however it is disguised."""
    if not text or not text.startswith("/") or text.startswith("//"):
        return None
    # Browsers read a backslash as a slash, and drop control characters before they look.
    return text if "\\" not in text and text.isprintable() and " " not in text else None
