"""The Flask extensions, made once and bound to the application in create_app()."""

from flask import current_app
from flask_babel import Babel
from flask_login import LoginManager
from flask_socketio import SocketIO
from flask_wtf import CSRFProtect

from tickets.vault import Vault

babel = Babel()
csrf = CSRFProtect()
login = LoginManager()
socketio = SocketIO()


def vault() -> Vault:
    """What seals personal data, under the running application's keys."""
    found: Vault = current_app.extensions["vault"]
    return found
