"""The transition table as people read it: for the page under help, and as Markdown for a handbook."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import click
from flask.cli import with_appcontext
from flask_babel import force_locale
from flask_babel import gettext as _

from app import wording
from app.auth.wording import PERMISSIONS
from app.lifecycle_wording import CONDITIONS, FURTHER_ACTIONS, FURTHER_FIELDS, FURTHER_PERMISSIONS
from tickets import lifecycle
from tickets.lifecycle import ROWS


@dataclass(frozen=True)
class Line:
    """One row of the table. `anchor` is unique on the page; `code` is the action's name in programs and events.

    `sources` are the states it starts from, none for what begins; `target` is empty where the state stays.
    """

    anchor: str
    code: str
    action: str
    sources: tuple[str, ...]
    target: str
    who: str
    permission: str
    needs: tuple[str, ...]
    condition: str


def lines(machine: str) -> list[Line]:
    """The rows of ticket or assignment, in the table's order."""
    states = wording.TICKET_STATES if machine == "ticket" else wording.PART_STATES
    seen: Counter[str] = Counter()
    found = []
    for kind, action, sources, target, who, needs, guard, of in ROWS:
        if kind != machine:
            continue
        seen[action] += 1
        several = sources if isinstance(sources, tuple) else (sources,)
        found.append(
            Line(
                anchor="-".join([machine, action, *([str(seen[action])] if seen[action] > 1 else [])]),
                code=action,
                action=_action(action),
                sources=tuple(str(states[one]) for one in several if one is not None),
                target=str(states[target]) if target else "",
                who=_who(who, of),
                permission=who,
                needs=tuple(str(FURTHER_FIELDS.get(name) or wording.FIELDS[name]) for name in needs),
                condition=str(CONDITIONS[guard]) if guard else "",
            )
        )
    return found


def _action(code: str) -> str:
    return str(wording.ACTIONS.get(code) or FURTHER_ACTIONS[code])


def _who(permission: str, of: str) -> str:
    words = str(PERMISSIONS.get(permission) or FURTHER_PERMISSIONS[permission])
    return _("%(permission)s (held in the unit above)", permission=words) if of == "above" else words


def consequences() -> list[tuple[str, str, str, str]]:
    """(action, from, to, role) of what happens to parts that an action is not for itself."""
    return [
        (
            _action(row.action),
            str(wording.PART_STATES[row.source]) if row.source else "",
            str(wording.PART_STATES[row.target]),
            str(wording.PART_ROLES[row.role]) if row.role else _("all"),
        )
        for row in lifecycle.CONSEQUENCES
    ]


MACHINES = ("ticket", "assignment")


def headings() -> list[str]:
    """What the columns are called."""
    return [_("Action"), _("From"), _("To"), _("Who may"), _("To fill in"), _("Condition")]


def machine_name(machine: str) -> str:
    """What a machine is called."""
    return _("The ticket as a whole") if machine == "ticket" else _("One unit's part")


def stays(line: Line) -> str:
    """To where it leads, in words."""
    return line.target or _("stays")


def _markdown() -> Iterator[str]:
    yield f"# {_('What may happen to a ticket')}"
    for machine in MACHINES:
        yield f"\n## {machine_name(machine)}\n"
        yield from _table(headings(), [_cells(line) for line in lines(machine)])
    yield f"\n## {_('What follows for the parts')}\n"
    yield from _table([_("Action"), _("From"), _("To"), _("Part")], consequences())


def _cells(line: Line) -> list[str]:
    return [
        f'<a id="{line.anchor}"></a>{line.action} (`{line.code}`)',
        ", ".join(line.sources) or "–",
        stays(line),
        f"{line.who} (`{line.permission}`)",
        ", ".join(line.needs) or "–",
        line.condition or "–",
    ]


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(titles)} |"
    yield "|" + "---|" * len(titles)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") or "–" for cell in row) + " |"


@click.command("lifecycle")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@with_appcontext
def lifecycle_command(lang: str) -> None:
    """Print the transition table as Markdown."""
    with force_locale(lang):
        click.echo("\n".join(_markdown()))
