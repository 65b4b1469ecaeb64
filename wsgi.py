"""A web process: pages and sockets, under gunicorn's gevent worker."""

# Before anything else is imported, so that every wait of the libraries yields to the other requests.
from gevent import monkey

monkey.patch_all()

from app import create_app as _create_app  # noqa: E402


def create_app():
    """The application as commands use it."""
    return _create_app(ASYNC_MODE="gevent")


def __getattr__(name: str):
    """`wsgi:app`, made when a server asks for it, so that commands can import this file unconfigured."""
    if name == "app":
        return create_app()
    raise AttributeError(name)
