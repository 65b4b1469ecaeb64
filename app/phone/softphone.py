"""What the carrier's script in an operator's browser is let in by."""

from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant

from app.passes import identity
from config import Config

SECONDS = 3600


def token(config: Config, staff_id: int) -> dict[str, str]:
    """`{token, identity}`; without an API key, as with the simulator, the token is empty: no sound is carried."""
    key, _, secret = config.twilio_api_key.partition(":")
    if config.telephony != "twilio" or not (key and secret and config.twilio_app_sid):
        return {"token": "", "identity": identity(staff_id)}
    made = AccessToken(config.twilio_account_sid, key, secret, identity=identity(staff_id), ttl=SECONDS)
    # Nobody rings a browser here: it connects by itself once its person has accepted.
    made.add_grant(VoiceGrant(outgoing_application_sid=config.twilio_app_sid, incoming_allow=False))
    return {"token": made.to_jwt(), "identity": identity(staff_id)}
