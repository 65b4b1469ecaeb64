"""A tiny hotline for the simulator to call: answers by path, remembers what it was told."""

from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import urlsplit

from twilio.request_validator import RequestValidator
from twilio.rest import Client

from simulator.chaos import Chaos
from simulator.client import SimulatedHttp
from simulator.clock import VirtualClock
from simulator.lint import lint
from simulator.network import Network
from simulator.post import Reply, Webhook
from simulator.spec import Spec

ACCOUNT, TOKEN = "AC" + "0" * 32, "a token that only the two know"
APP = "AP" + "1" * 32
BASE, HOTLINE = "https://city.example", "+865468012345"

Page = str | Reply | Callable[[Mapping[str, str]], str | Reply]


def twiml(inner: str) -> str:
    return f"<Response>{inner}</Response>"


class Product:
    """`pages` by path: a document, a reply, or a function of the parameters. `told`: path and parameters."""

    def __init__(self, chaos: Chaos | None = None, spec: Spec | None = None) -> None:
        self.pages: dict[str, Page] = {}
        self.webhooks: list[Webhook] = []
        self.network = Network(
            ACCOUNT, TOKEN, self.deliver, VirtualClock(), chaos=chaos, spec=spec, lint=partial(lint, base=BASE)
        )
        self.network.own(
            HOTLINE, voice_url=f"{BASE}/voice/in", voice_fallback_url=f"{BASE}/voice/fallback",
            status_callback=f"{BASE}/voice/ended", sms_url=f"{BASE}/sms/in",
        )  # fmt: skip
        self.network.app(APP, f"{BASE}/voice/operator")
        self.http = SimulatedHttp(self.network.rest)
        self.twilio = Client(ACCOUNT, TOKEN, http_client=self.http)

    def deliver(self, webhook: Webhook) -> Reply:
        signature = webhook.headers["X-Twilio-Signature"]
        assert RequestValidator(TOKEN).validate(webhook.url, dict(webhook.params), signature)
        self.webhooks.append(webhook)
        page = self.pages.get(urlsplit(webhook.url).path, Reply(404) if not webhook.is_callback else Reply(204))
        answer = page(webhook.params) if callable(page) else page
        return answer if isinstance(answer, Reply) else Reply(body=answer)

    def told(self, path: str) -> list[Mapping[str, str]]:
        return [webhook.params for webhook in self.webhooks if urlsplit(webhook.url).path == path]

    def paths(self) -> list[str]:
        return [urlsplit(webhook.url).path for webhook in self.webhooks]
