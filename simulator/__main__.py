"""python -m simulator: the telephone network of the demo. Settings come from the environment or as options."""

import argparse
import logging
import os
import re
import signal
import sys
from collections.abc import Mapping, Sequence

from simulator.clock import RealClock
from simulator.server import HOST, Settings, serve

APP = "AP" + "0" * 31 + "1"
NUMBERS = "+86990112345,+86990112315,+86990112333"
"""Of the demo city: no place of the country has them."""


def settings_of(arguments: Sequence[str], env: Mapping[str, str]) -> Settings:
    """Options win over the environment. SystemExit with a sentence when something is missing or forbidden."""
    parser = argparse.ArgumentParser("python -m simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=int(env.get("HOTLINE_SIMULATOR_PORT") or 0))
    parser.add_argument("--public-base-url", default=env.get("PUBLIC_BASE_URL", ""))
    parser.add_argument("--numbers", default=env.get("HOTLINE_SIMULATOR_NUMBERS") or NUMBERS)
    parser.add_argument("--app", default=env.get("TWILIO_APP_SID") or APP)
    given = parser.parse_args(arguments)
    if env.get("HOTLINE_ENV") == "production":
        parser.error("this is production (HOTLINE_ENV): calls there are real")
    account, token = env.get("TWILIO_ACCOUNT_SID", ""), env.get("TWILIO_AUTH_TOKEN", "").partition(",")[0]
    if not re.fullmatch(r"AC[0-9a-fA-F]{32}", account) or not token:
        parser.error("TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN: the product's own, or any of that form")
    if not re.match(r"https?://", given.public_base_url):
        parser.error("--public-base-url: where the product listens")
    numbers = tuple(given.numbers.replace(",", " ").split())
    if not numbers or not all(re.fullmatch(r"\+\d{8,15}", number) for number in numbers):
        parser.error("--numbers: the hotline's numbers, as +865468012345")
    key, _, secret = env.get("TWILIO_API_KEY", "").partition(":")
    keys = ((key, secret),) if key and secret else ()
    return Settings(account, token, given.public_base_url, given.port, numbers, given.app, keys)


def main(arguments: Sequence[str]) -> int:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # pages ask several times a second
    server, network = serve(settings_of(arguments, os.environ))

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    print(f"simulator: http://{HOST}:{server.server_port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
        if isinstance(network.clock, RealClock):
            network.clock.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
