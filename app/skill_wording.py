"""What skills are called, on the pages where seats get them and where lines ask for them."""

from flask_babel import lazy_gettext as _l

from app.wording import Words

SKILLS: Words = {
    "en": _l("English"),
    "enterprise": _l("Matters of enterprises"),
    "consumer": _l("Consumer complaints (12315)"),
    "night": _l("Nights and holidays"),
    "dialect": _l("Local dialect"),
    "minority": _l("Languages of minorities"),
    "social": _l("Labour and social security (12333)"),
}
"""Those with words of ours; a line may ask for others, which then go by their code."""


def skill_name(code: str) -> str:
    """What a skill is called; its code where we have no word."""
    return str(SKILLS.get(code, code))
