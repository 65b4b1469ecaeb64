"""One e-mail to the city's mail server: refused, certainly not arrived, or nobody knows, told apart."""

import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTP

from config import Config

SECONDS = 10.0
"""For each answer of the server."""


class Refused(Exception):
    """The server will not take this one, now or later."""


class Away(Exception):
    """It is certain that the server has it not: it was not reached, or asked to come back."""


class Unclear(Exception):
    """It was handed over, and no answer came."""


def send(config: Config, message: EmailMessage) -> None:
    """Hand it over. Raises Refused, Away, Unclear."""
    try:
        server = _connected(config)
    except smtplib.SMTPAuthenticationError as fault:
        raise Away(f"sign-in refused: {fault.smtp_code}") from fault
    except (OSError, smtplib.SMTPException) as fault:
        raise Away(f"not reached: {type(fault).__name__}") from fault
    try:
        _address(server, message)
        _hand_over(server, message)
    finally:
        server.close()


def _connected(config: Config) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if config.smtp_tls == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            config.smtp_host, config.smtp_port, timeout=SECONDS, context=context
        )
    else:
        server = smtplib.SMTP(config.smtp_host, config.smtp_port, timeout=SECONDS)
    try:
        if config.smtp_tls == "starttls":
            server.starttls(context=context)
        if config.smtp_user:
            server.login(config.smtp_user, config.smtp_password)
        server.ehlo_or_helo_if_needed()
    except BaseException:
        server.close()
        raise
    return server


def _address(server: smtplib.SMTP, message: EmailMessage) -> None:
    """Everything up to the text itself: whatever goes wrong here, nothing was sent."""
    try:
        code, _said = server.mail(str(message["From"].addresses[0].addr_spec))
        if code == 250:
            code, _said = server.rcpt(str(message["To"].addresses[0].addr_spec))
        if code in (250, 251):
            code, _said = server.docmd("DATA")
    except (OSError, smtplib.SMTPException) as fault:
        raise Away(f"broken off: {type(fault).__name__}") from fault
    if code != 354:
        raise Refused(str(code)) if 500 <= code < 600 else Away(str(code))


def _hand_over(server: smtplib.SMTP, message: EmailMessage) -> None:
    text = message.as_bytes(policy=SMTP)
    lines = b"".join(b"." + line if line.startswith(b".") else line for line in text.splitlines(keepends=True))
    try:
        server.send(lines + (b"" if lines.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        code, _said = server.getreply()
    except (OSError, smtplib.SMTPException) as fault:
        raise Unclear(f"no answer: {type(fault).__name__}") from fault
    if code != 250:
        raise Refused(str(code)) if 500 <= code < 600 else Away(str(code))
