"""Pages as a browser's forms see them: which forms there are, what they hold, and the numbers on a receipt."""

import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

NUMBER = re.compile(r"(?<!\d)(20\d\d) ?(\d{4}) ?(\d{4}) ?(\d{3})(?! ?\d)")
CODE = re.compile(r"(?<!\d)(?<!\d )(\d{4}) (\d{4}) (\d{4})(?! ?\d)")
UNSENT = ("submit", "button", "reset", "file")


@dataclass(frozen=True)
class Form:
    """One form: where it goes and what it would send as it stands. A field may be sent several times."""

    action: str
    method: str
    fields: dict[str, list[str]] = field(default_factory=dict)

    def filled(self, **values: str | list[str] | None) -> "Form":
        """The form with these fields filled in; None leaves a field away."""
        fields = dict(self.fields)
        for name, value in values.items():
            fields.pop(name, None)
            if value is not None:
                fields[name] = value if isinstance(value, list) else [value]
        return replace(self, fields=fields)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.inside: Form | None = None
        self.area: str | None = None
        self.select: tuple[str, bool] | None = None
        self.is_fresh = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.inside = Form(given.get("action") or "", (given.get("method") or "get").lower())
            self.forms.append(self.inside)
        elif self.inside is None:
            return
        elif tag == "input":
            self._input(given)
        elif tag == "textarea":
            self.area = given.get("name") or ""
            self.inside.fields[self.area] = [""]
        elif tag == "select":
            self.select = (given.get("name") or "", "multiple" in given)
            self.is_fresh = True
        elif tag == "option" and self.select is not None:
            self._option(given)

    def _input(self, given: dict[str, str | None]) -> None:
        kind, name = given.get("type") or "text", given.get("name")
        ticked = kind not in ("checkbox", "radio") or "checked" in given
        if name and kind not in UNSENT and ticked and self.inside:
            self.inside.fields.setdefault(name, []).append(given.get("value") or "")

    def _option(self, given: dict[str, str | None]) -> None:
        assert self.select is not None and self.inside is not None
        name, is_multiple = self.select
        chosen = self.inside.fields.setdefault(name, []) if "selected" in given or not is_multiple else []
        if is_multiple or self.is_fresh:
            chosen.append(given.get("value") or "")
        elif "selected" in given:
            chosen[-1] = given.get("value") or ""
        self.is_fresh = False

    def handle_data(self, data: str) -> None:
        if self.inside is not None and self.area is not None:
            self.inside.fields[self.area][0] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = None
        elif tag == "textarea":
            self.area = None
        elif tag == "select":
            self.select = None


def forms_of(page: str) -> list[Form]:
    """All forms of a page, in order."""
    reader = _Reader()
    reader.feed(page)
    return reader.forms


def form_to(page: str, action: str, **holds: str) -> Form:
    """The form that goes to this address and holds these values. Fails where the page has none."""
    found = [one for one in forms_of(page) if one.action.partition("?")[0] == action]
    fitting = [one for one in found if all(one.fields.get(name) == [value] for name, value in holds.items())]
    assert fitting, f"no form to {action} {holds} on the page"
    return fitting[0]


def text_of(page: str) -> str:
    """What a reader sees, on one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))


def receipt_of(page: str) -> tuple[str, str]:
    """(ticket number, query code) as a receipt shows them; the code is empty where it is not shown."""
    text = text_of(page)
    number, code = NUMBER.search(text), CODE.search(text)
    assert number, "no ticket number on the page"
    return "".join(number.groups()), "".join(code.groups()) if code else ""
