"""All settings of one installation, typed and frozen, read from the environment once. Settings of the city
itself (limits, calendar, thresholds) are data, not here."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

USUAL_VOICES = "zh=Polly.Zhiyu-Neural/cmn-CN,en=Polly.Joanna-Neural/en-US"
MODES = ("demo", "production", "test")
FEWEST_DIFFERENT = 10
PROVIDERS = ("simulator", "twilio", "cti", "none")
WAITING_ROOMS = ("enqueue", "loop")
SMTP_SAFETY = ("starttls", "tls", "none")
FASTEST_DEMO = 6000  # steps a minute
MOST_PROXIES = 9
_SID = re.compile(r"AC[0-9a-fA-F]{32}")
_SENDER = re.compile(r"\+[1-9][0-9]{6,14}|MG[0-9a-fA-F]{32}")
_ADDRESS = re.compile(r"[^@\s<>,]+@[^@\s<>,]+")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


class UnsafeConfig(ValueError):
    """Settings are missing or unsafe. The message has a line for each, one sentence that says what to do."""


@dataclass(frozen=True)
class Config:
    """One installation. Fields carry the name of their variable in .env.example."""

    env: str  # HOTLINE_ENV
    database_url: str  # DATABASE_URL: web, worker and clock; a role that cannot change events
    database_owner_url: str  # DATABASE_OWNER_URL: migrations only
    redis_url: str  # REDIS_URL
    secret_key: str  # SECRET_KEY: cookies, forms, query codes
    pii_keys: str  # PII_KEYS: "id:base64 of 32 bytes", the first writes, further ones are still read
    blind_key: str  # BLIND_KEY: base64 of 32 bytes, for keyed hashes that are searched
    public_base_url: str  # PUBLIC_BASE_URL: as citizens and staff type it
    data_dir: str  # HOTLINE_DATA
    trusted_proxies: int  # HOTLINE_TRUSTED_PROXIES: how many stand in front, each adding to X-Forwarded-For
    telephony: str  # TELEPHONY_PROVIDER
    twilio_account_sid: str  # TWILIO_ACCOUNT_SID
    twilio_auth_token: str  # TWILIO_AUTH_TOKEN: the first signs, further ones after commas are accepted too
    twilio_api_key: str  # TWILIO_API_KEY: "SK...:secret", for operators' browsers
    twilio_app_sid: str  # TWILIO_APP_SID: the TwiML application that operators' browsers call
    twilio_api_url: str  # TWILIO_API_URL: empty for Twilio itself
    twilio_voices: str  # TWILIO_VOICES: "zh=voice/language,en=voice/language"
    waiting_room: str  # TWILIO_WAITING_ROOM: enqueue, or loop for a server that has neither queues nor conferences
    twilio_sms_from: str  # TWILIO_SMS_FROM: a number of the account, or a messaging service "MG..."
    sms_providers: str  # SMS_PROVIDERS: "twilio", "http:/path/to/gateway.json"; the first is asked first
    smtp_host: str  # SMTP_HOST: empty: staff get no e-mail
    smtp_port: int  # SMTP_PORT
    smtp_tls: str  # SMTP_TLS: starttls, tls from the first byte, or none
    smtp_user: str  # SMTP_USER: empty: no sign-in
    smtp_password: str  # SMTP_PASSWORD
    smtp_sender: str  # SMTP_SENDER: the address that e-mails come from
    emergency_lines: str  # EMERGENCY_LINES: "110=+86...,119=+86...,120=+86..."
    demo_pace: int  # HOTLINE_DEMO_PACE: steps a minute that the demo city plays by itself

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Config":
        """Read and check. Raises UnsafeConfig."""
        config = cls(
            env=environ.get("HOTLINE_ENV") or "demo",
            database_url=psycopg_url(environ.get("DATABASE_URL", "")),
            database_owner_url=psycopg_url(
                environ.get("DATABASE_OWNER_URL") or environ.get("DATABASE_URL", "")
            ),
            redis_url=environ.get("REDIS_URL", ""),
            secret_key=environ.get("SECRET_KEY", ""),
            pii_keys=environ.get("PII_KEYS", ""),
            blind_key=environ.get("BLIND_KEY", ""),
            public_base_url=environ.get("PUBLIC_BASE_URL") or "http://127.0.0.1:8000",
            data_dir=environ.get("HOTLINE_DATA") or ".data",
            trusted_proxies=_number(environ, "HOTLINE_TRUSTED_PROXIES", 0, MOST_PROXIES),
            telephony=environ.get("TELEPHONY_PROVIDER") or _usual_provider(environ),
            twilio_account_sid=environ.get("TWILIO_ACCOUNT_SID", ""),
            twilio_auth_token=environ.get("TWILIO_AUTH_TOKEN", ""),
            twilio_api_key=environ.get("TWILIO_API_KEY", ""),
            twilio_app_sid=environ.get("TWILIO_APP_SID", ""),
            twilio_api_url=environ.get("TWILIO_API_URL", "").rstrip("/"),
            twilio_voices=environ.get("TWILIO_VOICES") or USUAL_VOICES,
            waiting_room=environ.get("TWILIO_WAITING_ROOM") or WAITING_ROOMS[0],
            twilio_sms_from=environ.get("TWILIO_SMS_FROM", ""),
            sms_providers=environ.get("SMS_PROVIDERS", ""),
            smtp_host=environ.get("SMTP_HOST", ""),
            smtp_port=_number(environ, "SMTP_PORT", 587, 65535),
            smtp_tls=environ.get("SMTP_TLS") or SMTP_SAFETY[0],
            smtp_user=environ.get("SMTP_USER", ""),
            smtp_password=environ.get("SMTP_PASSWORD", ""),
            smtp_sender=environ.get("SMTP_SENDER", ""),
            emergency_lines=environ.get("EMERGENCY_LINES", ""),
            demo_pace=_number(environ, "HOTLINE_DEMO_PACE", 20, FASTEST_DEMO),
        )
        config._check_complete()
        if config.is_production:
            config._check_production(environ)
        return config

    @property
    def is_production(self) -> bool:
        return self.env == "production"

    @property
    def is_https(self) -> bool:
        """Whether people reach it over https only."""
        return self.public_base_url.startswith("https://")

    @property
    def public_origin(self) -> str:
        """Scheme, host and port of PUBLIC_BASE_URL, as browsers name the pages they come from."""
        parts = urlsplit(self.public_base_url)
        return f"{parts.scheme}://{parts.netloc.lower()}"

    @property
    def has_twilio(self) -> bool:
        """Whether calls come by Twilio's interface: from Twilio, from a server like it, or from the simulator."""
        return self.telephony in ("twilio", "simulator")

    @property
    def rings_desks(self) -> bool:
        """Whether operators talk on the telephones on their desks: the server brings no sound to browsers."""
        return self.has_twilio and self.waiting_room == "loop"

    @property
    def sms_routes(self) -> tuple[str, ...]:
        """Providers of text messages, in the order in which they are asked."""
        return tuple(route.strip() for route in self.sms_providers.split(",") if route.strip())

    @property
    def auth_tokens(self) -> tuple[str, ...]:
        """Those by which a webhook may be signed; the first is ours to use."""
        return tuple(token.strip() for token in self.twilio_auth_token.split(",") if token.strip())

    @property
    def emergency(self) -> dict[str, str]:
        """Emergency line -> number of its command centre in E.164, in the order of the keys 1, 2, 3."""
        return _pairs(self.emergency_lines)

    @property
    def voices(self) -> dict[str, tuple[str, str]]:
        """Language -> voice and its language code, as the carrier names them."""
        return {lang: (voice.partition("/")[0], voice.partition("/")[2])
                for lang, voice in _pairs(self.twilio_voices).items()}  # fmt: skip

    def _check_complete(self) -> None:
        if self.env not in MODES:
            raise UnsafeConfig(f"HOTLINE_ENV must be one of {', '.join(MODES)}, not {self.env!r}.")
        if faults := list(self._telephony_faults()):
            raise UnsafeConfig("\n".join(faults))
        self._check_mail()
        for name in ("database_url", "redis_url", "secret_key", "pii_keys", "blind_key"):
            if not getattr(self, name):
                raise UnsafeConfig(f"{name.upper()} is not set; ./hotline up sets it, see .env.example.")
        for pair in self.pii_keys.split(","):
            key_id, _, key = pair.strip().partition(":")
            if not key_id or len(_decoded(key)) != 32:
                raise UnsafeConfig("PII_KEYS must be id:base64 of 32 random bytes, see .env.example.")
        if len(_decoded(self.blind_key)) < 32:
            raise UnsafeConfig("BLIND_KEY must be base64 of 32 random bytes, see .env.example.")

    def _telephony_faults(self) -> Iterator[str]:
        if self.telephony not in PROVIDERS:
            yield f"TELEPHONY_PROVIDER must be one of {', '.join(PROVIDERS)}, not {self.telephony!r}."
        if self.has_twilio and not self.twilio_account_sid:
            yield f"TELEPHONY_PROVIDER={self.telephony} needs TWILIO_ACCOUNT_SID, which is not set."
        elif self.has_twilio and not _SID.fullmatch(self.twilio_account_sid):
            yield "TWILIO_ACCOUNT_SID must be AC and 32 hexadecimal digits, as the carrier's console shows it."
        if self.has_twilio and not self.auth_tokens:
            yield f"TELEPHONY_PROVIDER={self.telephony} needs TWILIO_AUTH_TOKEN, which is not set."
        if self.waiting_room not in WAITING_ROOMS:
            yield f"TWILIO_WAITING_ROOM must be one of {', '.join(WAITING_ROOMS)}, not {self.waiting_room!r}."
        for route in self.sms_routes:
            if route == "twilio" and not (self.has_twilio and _SENDER.fullmatch(self.twilio_sms_from)):
                yield "SMS_PROVIDERS=twilio needs TWILIO_SMS_FROM, and TELEPHONY_PROVIDER=twilio."
            if route != "twilio" and not route.startswith("http:/"):
                yield "SMS_PROVIDERS must be twilio or http:/path/to/gateway.json, see .env.example."
        if len(set(self.sms_routes)) < len(self.sms_routes):
            yield "SMS_PROVIDERS names a provider twice."
        if any(not _E164.fullmatch(number) for number in self.emergency.values()):
            yield "EMERGENCY_LINES must be like 110=+8654600000110,119=+8654600000119."
        if not {"zh", "en"} <= self.voices.keys():
            yield "TWILIO_VOICES must name a voice for zh and one for en, see .env.example."

    def _check_mail(self) -> None:
        if self.smtp_tls not in SMTP_SAFETY:
            raise UnsafeConfig(f"SMTP_TLS must be one of {', '.join(SMTP_SAFETY)}.")
        if self.smtp_host and not _ADDRESS.fullmatch(self.smtp_sender):
            raise UnsafeConfig("SMTP_HOST needs SMTP_SENDER, the address that e-mails come from.")
        if self.smtp_user and self.smtp_tls == "none" and self.is_production:
            raise UnsafeConfig("SMTP_USER needs SMTP_TLS=starttls or tls in production: it is a password.")

    def _check_production(self, environ: Mapping[str, str]) -> None:
        self._check_keys()
        if self.telephony == "simulator":
            raise UnsafeConfig("TELEPHONY_PROVIDER must not be simulator in production: it invents callers.")
        if environ.get("FLASK_DEBUG", "") not in ("", "0"):
            raise UnsafeConfig("FLASK_DEBUG must be off in production.")
        if not self.is_https:
            raise UnsafeConfig("PUBLIC_BASE_URL must begin with https:// in production.")
        if "*" in environ.get("CORS_ALLOWED_ORIGINS", ""):
            raise UnsafeConfig("CORS_ALLOWED_ORIGINS must not be * in production.")
        if not _redis_is_guarded(self.redis_url):
            raise UnsafeConfig("REDIS_URL needs a password, or a unix socket, in production.")
        if _role_of(self.database_url) == _role_of(self.database_owner_url):
            raise UnsafeConfig(
                "DATABASE_OWNER_URL must be another role than DATABASE_URL in production, "
                "so that the product cannot change its own record of events."
            )
        if environ.get("RQ_SERIALIZER", "json") != "json":
            raise UnsafeConfig("RQ_SERIALIZER must be json: pickled jobs can run anything.")

    def _check_keys(self) -> None:
        words = self.secret_key.lower()
        if len(self.secret_key) < 32 or _is_monotonous(self.secret_key):
            raise UnsafeConfig("SECRET_KEY must have 32 random characters or more in production.")
        if any(word in words for word in ("change", "secret", "example", "default", "sample")):
            raise UnsafeConfig("SECRET_KEY looks like a sample; make one with: openssl rand -hex 32")
        sealing = [pair.strip().partition(":")[2] for pair in self.pii_keys.split(",")]
        if any(_is_monotonous(_decoded(key)) for key in sealing):
            raise UnsafeConfig("PII_KEYS holds a key that is not random; make one with: openssl rand -base64 32")
        if _is_monotonous(_decoded(self.blind_key)):
            raise UnsafeConfig("BLIND_KEY is not random; make one with: openssl rand -base64 32")


def _usual_provider(environ: Mapping[str, str]) -> str:
    """The demo and the tests have their simulator; a city says what it has."""
    has_simulator = environ.get("HOTLINE_ENV") != "production" and environ.get("TWILIO_AUTH_TOKEN")
    return "simulator" if has_simulator else "none"


def _pairs(text: str) -> dict[str, str]:
    """"a=b,c=d" as a mapping, in order."""
    parts = (pair.partition("=") for pair in text.split(",") if pair.strip())
    return {name.strip(): value.strip() for name, _, value in parts}


def psycopg_url(url: str) -> str:
    """A Postgres URL of any common spelling, for SQLAlchemy with psycopg."""
    scheme, separator, rest = url.partition("://")
    if scheme in ("postgres", "postgresql"):
        return f"postgresql+psycopg{separator}{rest}"
    return url


def _number(environ: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and int(text) <= most):
        raise UnsafeConfig(f"{name} must be a number from 0 to {most}, not {text!r}.")
    return int(text)


def _redis_is_guarded(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "unix" or bool(parts.password) or "password" in parse_qs(parts.query)


def _role_of(url: str) -> str:
    """The role that a database's address signs in as, wherever in the address it stands."""
    parts = urlsplit(url)
    return parse_qs(parts.query).get("user", [unquote(parts.username or "")])[-1]


def _is_monotonous(key: str | bytes) -> bool:
    """Whether a key has too few different characters or bytes to have been drawn at random."""
    return len(set(key)) < FEWEST_DIFFERENT


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
