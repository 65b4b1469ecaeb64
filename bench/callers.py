"""Who calls the seeded hotline: channels, names and telephone numbers, sealed as the product seals them."""

from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from random import Random

from bench.city import City
from bench.life import Life
from bench.matters import Matter
from bench.rows import Caller
from tickets.vault import Vault

CHANNELS = {"phone": 84, "wechat": 5, "web": 5, "app": 4, "province": 1, "mailbox": 1}
_CHANNELS, _UP_TO = list(CHANNELS), list(accumulate(CHANNELS.values()))
SELF_SERVED = ("web", "wechat", "app")  # nobody takes these down: the citizen sends a form
ANONYMOUS = 0.06
TICKETS_A_CALLER = 3
MOST_CALLERS = 50_000

_FAMILY = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国"
_PREFIXES = ("130", "131", "135", "136", "138", "139", "150", "151", "158", "159", "180", "186", "189")


@dataclass(frozen=True)
class QuickVault(Vault):
    """The installation's vault. Callers call again, so the hashes of their numbers and names are kept."""

    kept: dict[str, bytes] = field(default_factory=dict)

    def phone_hash(self, phone: str) -> bytes:
        if phone not in self.kept:
            self.kept[phone] = super().phone_hash(phone)
        return self.kept[phone]

    def name_hash(self, name: str) -> bytes:
        if name not in self.kept:
            self.kept[name] = super().name_hash(name)
        return self.kept[name]


class _Contact:
    """The columns of a contact, without a session to watch over them."""

    def __init__(self, ticket_id: int) -> None:
        self.ticket_id = ticket_id
        self.name: bytes | None = None
        self.phone: bytes | None = None
        self.address: bytes | None = None
        self.phone_hash: bytes | None = None
        self.name_hash: bytes | None = None


class Callers:
    """Draws callers and gives their data to tickets."""

    def __init__(self, rng: Random, city: City, tickets: int) -> None:
        self.rng, self.city = rng, city
        count = min(MOST_CALLERS, max(10, tickets // TICKETS_A_CALLER))
        self.people = [(self._name(), self._phone()) for _ in range(count)]

    def _name(self) -> str:
        return self.rng.choice(_FAMILY) + "".join(self.rng.choices(_GIVEN, k=self.rng.choice((1, 2))))

    def _phone(self) -> str:
        return f"{self.rng.choice(_PREFIXES)}{self.rng.randrange(10**8):08d}"

    def caller(self, matter: Matter) -> Caller:
        rng = self.rng
        [channel] = rng.choices(_CHANNELS, cum_weights=_UP_TO)
        operator = None if channel in SELF_SERVED else rng.choice(self.city.operators)
        if rng.random() < ANONYMOUS:
            return Caller(channel, operator, True, "", "", "")
        name, phone = rng.choice(self.people)
        return Caller(channel, operator, False, name, phone, matter.place if rng.random() < 0.3 else "")

    def form_key(self, life: Life) -> str | None:
        """Forms that citizens send carry a key of their own."""
        return None if life.caller.operator else f"seeded-{life.id}"

    def form_hash(self, matter: Matter, key: str | None) -> bytes | None:
        return self.city.vault.content_hash({"content": matter.content, "key": key}) if key else None

    def store_contact(self, life: Life, at: datetime) -> None:
        contact = _Contact(life.id)
        for name in life.caller.fields:
            self.city.vault.seal_contact(contact, name, getattr(life.caller, name))  # type: ignore[arg-type]
        life.loader.add(
            "contact", life.id, contact.name, contact.phone, contact.address, contact.phone_hash,
            contact.name_hash, at,
        )
