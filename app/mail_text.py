"""A notice as an e-mail: ticket number, clock and due time; nobody's data, nothing of what was written."""

from email.message import EmailMessage
from email.utils import format_datetime

from flask_babel import gettext as _

from app import notice_wording
from app.templating import city_name, unit_name
from config import Config
from tickets.mailing import Mail


def message(config: Config, mail: Mail) -> EmailMessage:
    """The same for the same notice, id and date too: a mailbox that got it twice shows it once."""
    words = notice_wording.heading(mail.kind, mail.facts)
    made = EmailMessage()
    made["From"] = config.smtp_sender
    made["To"] = mail.address
    made["Subject"] = f"[12345] {words}{f' {mail.number}' if mail.number else ''}"
    made["Message-ID"] = f"<{mail.message_id}@{config.smtp_sender.rpartition('@')[2]}>"
    made["Date"] = format_datetime(mail.created_at)
    made["Auto-Submitted"] = "auto-generated"
    made.set_content("\n".join(_lines(config, mail, words)) + "\n", cte="base64")
    return made


def _lines(config: Config, mail: Mail, words: str) -> list[str]:
    unit = unit_name(mail.facts.get("unit"))
    lines = [words, *([unit] if unit else [])]
    if mail.number:
        lines.append(_("Ticket: %(number)s", number=mail.number))
    lines += notice_wording.details(mail.kind, mail.facts)
    where = f"{config.public_base_url.rstrip('/')}/notices"
    return [*lines, "", _("More after signing in: %(address)s", address=where), f"{city_name()} 12345"]
