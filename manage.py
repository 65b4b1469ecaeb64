"""The command line's application: the product with its commands, which the running processes do without."""

from typing import Any

import click
from flask import Flask
from flask_migrate import Migrate

from app import create_app as create_product
from app.cli import register_commands
from config import UnsafeConfig
from db import db


def create_app(*args: Any, **overrides: Any) -> Flask:
    """As app.create_app, with commands and migrations besides: these load much that a web process never needs."""
    try:
        app = create_product(*args, **overrides)
    except UnsafeConfig as fault:  # for whoever typed the command: its lines, and no traceback
        raise click.ClickException(str(fault)) from None
    Migrate(app, db, directory="migrations", compare_type=True)
    register_commands(app)
    return app
