"""The played telephone network, as our pages and the demo's played operators ask it: people, lines, rush hours."""

from typing import Any

import requests
from flask import current_app

from config import Config

SECONDS = (1.0, 5.0)  # to connect, and to answer


class NotThere(Exception):
    """Nobody answers where the network should be."""


class Refused(Exception):
    """It answered that this cannot be done; `status` and the sentence are its own."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def get(path: str, **query: object) -> Any:
    """What stands at /sim/<path>. Raises NotThere, Refused."""
    return _ask("GET", path, params=query)


def post(path: str, **given: object) -> Any:
    """Let something happen at /sim/<path>. Raises NotThere, Refused."""
    return _ask("POST", path, json=given)


def _ask(method: str, path: str, **more: Any) -> Any:
    config: Config = current_app.extensions["hotline"]
    if config.telephony != "simulator" or not config.twilio_api_url:
        raise NotThere("no address is set")  # without one the carrier itself would be asked
    try:
        with requests.Session() as session:
            session.trust_env = False  # no proxy stands between two processes of one machine
            answer = session.request(
                method, f"{config.twilio_api_url}/sim/{path}", timeout=SECONDS, allow_redirects=False,
                auth=(config.twilio_account_sid, config.auth_tokens[0]), **more,
            )  # fmt: skip
            found = answer.json()
    except (requests.RequestException, ValueError) as fault:
        raise NotThere(type(fault).__name__) from fault
    if answer.status_code >= 400:
        raise Refused(answer.status_code, str(found.get("error", "")))
    return found
