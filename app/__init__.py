"""create_app(): the one place where the rooms are joined."""

import os
from datetime import timedelta
from typing import Any

from flask import Flask

from app import access, errors, headers, health, proxies, uploads
from app.admin import (
    categories,
    duties,
    lines,
    mails,
    platforms,
    policies,
    roles,
    rulebook,
    running_deadlines,
    second_factor,
    settings,
    start,
    texts,
    units,
    views,
    working_days,
)
from app.auth.factor_views import bp as factor_bp
from app.auth.mail_views import bp as mailbox_bp
from app.auth.session import load_user
from app.auth.views import bp as auth_bp
from app.choices import choose_language
from app.cti.door import is_platform
from app.cti.views import bp as cti_bp
from app.demo.phones import bp as demo_phone_bp
from app.demo.views import bp as demo_bp
from app.desk.assisting import bp as assisting_bp
from app.desk.attachments import bp as attachments_bp
from app.desk.bulk import bp as bulk_bp
from app.desk.canned import bp as canned_bp
from app.desk.follow_up import bp as workbench_bp
from app.desk.handbook import bp as handbook_bp
from app.desk.narrowed import bp as narrowed_bp
from app.desk.notices import bp as notices_bp
from app.desk.own import bp as own_bp
from app.desk.sheets import bp as sheets_bp
from app.desk.taking_in import bp as intake_bp
from app.desk.texting import bp as desk_texts_bp
from app.desk.views import bp as desk_bp
from app.extensions import babel, csrf, login, socketio
from app.hints import Hinter
from app.incoming import HotlineRequest
from app.live.sockets import register_handlers
from app.live.views import bp as live_bp
from app.oversight.call_views import bp as call_log_bp
from app.oversight.escalation_views import bp as escalations_bp
from app.oversight.line_pages import bp as lines_bp
from app.oversight.message_views import bp as messages_bp
from app.oversight.phone_views import bp as phone_watch_bp
from app.oversight.views import bp as oversight_bp
from app.phone.callbacks import bp as callbacks_bp
from app.phone.coaching import bp as phone_coaching_bp
from app.phone.simulated import bp as phone_simulated_bp
from app.phone.views import bp as phone_bp
from app.public.files import bp as public_files_bp
from app.public.views import bp as public_bp
from app.push import listener
from app.reports.views import bp as exports_bp
from app.templating import register_filters
from app.voice.desk_views import bp as voice_desk_bp
from app.voice.gateways import ports_of
from app.voice.out_views import bp as voice_out_bp
from app.voice.recording_views import bp as voice_recording_bp
from app.voice.signature import is_signed
from app.voice.talk_views import bp as voice_talk_bp
from app.voice.text_views import bp as voice_text_bp
from app.voice.twilio_voice import TwilioVoice, client_of, downloader
from app.voice.views import bp as voice_bp
from config import Config
from db import db
from tickets.sealing import Keys
from tickets.vault import Vault

VOICE = (voice_bp, voice_talk_bp, voice_recording_bp, voice_out_bp, voice_desk_bp, voice_text_bp)
PHONE = (phone_bp, phone_coaching_bp, phone_simulated_bp, callbacks_bp)
ADMIN = (
    start, views, roles, second_factor, units, categories, duties, rulebook, policies, working_days,
    running_deadlines, lines, texts, settings, platforms, mails,
)  # fmt: skip
BLUEPRINTS = (
    public_bp, public_files_bp, auth_bp, factor_bp, mailbox_bp, notices_bp, escalations_bp,
    *(room.bp for room in ADMIN), assisting_bp, attachments_bp, intake_bp, desk_bp, workbench_bp,
    desk_texts_bp, narrowed_bp, bulk_bp, canned_bp, handbook_bp, own_bp, sheets_bp, exports_bp, oversight_bp,
    phone_watch_bp, call_log_bp, messages_bp, live_bp, demo_bp, demo_phone_bp,
    health.bp, *PHONE, cti_bp, lines_bp, *VOICE,
)  # fmt: skip

# Every wait for the database is bounded: a hung server or lock fails a request, never a process.
CONNECT_ARGS = {"connect_timeout": 5, "keepalives_idle": 10, "tcp_user_timeout": 5000}
CONNECT_OPTIONS = (
    "-c statement_timeout=5s -c lock_timeout=2s -c timezone=UTC -c idle_in_transaction_session_timeout=10s"
)


def create_app(config: Config | None = None, **overrides: Any) -> Flask:
    """The application for one process. Raises config.UnsafeConfig before anything is opened.

    `overrides` are Flask settings (a test's CLOCK), and CONNECT_OPTIONS for a process with other time-outs.
    """
    config = config or Config.from_environ(os.environ)
    app = Flask(__name__, template_folder="../templates")
    app.request_class = HotlineRequest
    options = overrides.pop("CONNECT_OPTIONS", CONNECT_OPTIONS)
    app.config.from_mapping(_flask_settings(config, options))
    app.config.from_mapping(overrides)
    app.extensions["hotline"] = config
    app.extensions["vault"] = Vault(Keys.parse(config.pii_keys, config.blind_key), config.secret_key.encode())
    app.extensions["is_signed"] = is_signed
    app.extensions["is_platform"] = is_platform
    app.extensions["hints"] = Hinter(config.redis_url, config.env)
    has_line = config.has_twilio
    app.extensions["voice"] = TwilioVoice(client_of(config), downloader(config)) if has_line else None
    app.extensions["texts"] = ports_of(config)
    _join(app, config)
    return app


def _flask_settings(config: Config, options: str) -> dict[str, Any]:
    secure = config.is_https
    return {
        "SECRET_KEY": config.secret_key,
        "SQLALCHEMY_DATABASE_URI": config.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": {
            # A failing statement's parameters may be what a citizen wrote: they stay out of every log.
            "hide_parameters": True,
            "pool_size": 10, "max_overflow": 20, "pool_timeout": 2,
            "connect_args": CONNECT_ARGS | {"options": options},
        },
        "SESSION_COOKIE_NAME": "__Host-hotline" if secure else "hotline",
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PERMANENT_SESSION_LIFETIME": timedelta(hours=12),
        "WTF_CSRF_TIME_LIMIT": None,
        "MAX_CONTENT_LENGTH": 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 256 * 1024,
        "MAX_FORM_PARTS": 100,
        "TESTING": config.env == "test",
        "BABEL_DEFAULT_LOCALE": "zh",
        "BABEL_TRANSLATION_DIRECTORIES": "translations",
    }


def _join(app: Flask, config: Config) -> None:
    db.init_app(app)
    app.before_request(uploads.make_room)  # before the check of tokens, which reads the form
    babel.init_app(app, locale_selector=choose_language)
    csrf.init_app(app)
    # Its processor would ask who is there for every page, also for one that says that the database is away.
    login.init_app(app, add_context_processor=False)
    login.login_view = "auth.sign_in"
    login.login_message = None  # the page itself says what to do, in the person's language
    login.user_loader(load_user)
    access.guard(app)
    errors.register(app)
    headers.register(app)
    register_filters(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    for blueprint in (*VOICE, cti_bp):
        csrf.exempt(blueprint)  # the carrier's signature takes its place, or the platform's token
    register_handlers(socketio)
    socketio.init_app(
        app,
        async_mode=app.config.get("ASYNC_MODE", "threading"),
        client_manager=listener(config.redis_url, config.env),
        transports=["websocket"],
        # None: the origin of the page must be the host that the socket asks.
        cors_allowed_origins=config.public_origin if config.is_https else None,
        manage_session=False,
        max_http_buffer_size=64 * 1024,
        ping_interval=20,
        ping_timeout=20,
    )
    proxies.register(app, config)
