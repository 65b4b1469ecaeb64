"""What the proxy in front takes from a request and the product needs: the peer's address, and the scheme."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from config import Config

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def register(app: Flask, config: Config) -> None:
    """Wrap the application and its sockets: call it when both are joined."""
    if config.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=config.trusted_proxies, x_proto=0)  # type: ignore[method-assign]
    if config.is_https:
        app.wsgi_app = _over_https(app.wsgi_app)  # type: ignore[method-assign]


def _over_https(inner: Wsgi) -> Wsgi:
    """The scheme that people type, not that of the last hop: the proxy need not say which one it was."""

    def call(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ["wsgi.url_scheme"] = "https"
        return inner(environ, start_response)

    return call
