"""Ways to the product: in the same process, or over HTTP."""

from typing import Any
from urllib.parse import urlsplit

import requests

from simulator.post import LONGEST_ANSWER, Deliver, Reply, Webhook

CONNECT = 5.0


def through(client: Any) -> Deliver:
    """To an application's Flask test client, which sees scheme, host and address of the configured URL."""

    def deliver(webhook: Webhook) -> Reply:
        parts = urlsplit(webhook.url)
        answer = client.open(
            parts._replace(scheme="", netloc="").geturl(), base_url=f"{parts.scheme}://{parts.netloc}",
            method=webhook.method, data=dict(webhook.params) or None, headers=dict(webhook.headers),
        )  # fmt: skip
        return Reply(answer.status_code, answer.get_data(as_text=True), answer.headers.get("Content-Type", ""))

    return deliver


def over_http() -> Deliver:
    """To whatever listens at the configured URL."""

    def deliver(webhook: Webhook) -> Reply:
        try:
            with requests.Session() as session:
                session.trust_env = False  # no proxy stands between two processes of one machine
                answer = session.request(
                    webhook.method, webhook.url, data=dict(webhook.params) or None,
                    headers=dict(webhook.headers), timeout=(CONNECT, LONGEST_ANSWER), allow_redirects=False,
                )  # fmt: skip
        except requests.ReadTimeout as error:
            raise TimeoutError(str(error)) from error
        except requests.RequestException as error:
            raise ConnectionError(str(error)) from error
        answer.encoding = "utf-8"
        return Reply(answer.status_code, answer.text, answer.headers.get("Content-Type", ""))

    return deliver
