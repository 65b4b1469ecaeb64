"""Pictures of the demo city, drawn: what a citizen's telephone saw, and the same place when it was put right."""

from collections.abc import Mapping
from io import BytesIO
from random import Random

from PIL import Image, ImageDraw, ImageEnhance

from app import media
from app.media import Examined

SIZE = WIDTH, HEIGHT = 960, 720
GROUND = 430
SEEN: Mapping[str, str] = {
    # words of a title -> what is to be seen; of other matters nobody sends a photo
    "路灯": "dark", "井盖": "hole", "塌陷": "hole", "破损": "hole", "坑": "hole", "垃圾": "rubbish",
    "堆": "rubbish", "停": "cars", "占": "cars",
}  # fmt: skip
MOST_POINTS = SIZE[0] * SIZE[1]

Point = tuple[float, float]
Colour = tuple[int, int, int]


def seen(title: str) -> str:
    """What is to be seen of a matter of this title; empty for nothing."""
    return next((defect for word, defect in SEEN.items() if word in title), "")


def before(title: str, random: Random) -> Examined:
    """A matter of this title, as it was found."""
    return _street(seen(title), random, "现场照片.jpg")


def after(random: Random) -> Examined:
    """A place where nothing is wrong any more."""
    return _street("", random, "办结照片.jpg")


def _street(defect: str, random: Random, name: str) -> Examined:
    picture = Image.new("RGB", SIZE, (168 + random.randrange(40), 200 + random.randrange(30), 226))
    draw = ImageDraw.Draw(picture)
    is_dark = defect == "dark"
    for place in range(5):
        _house(draw, place * 200 + random.randrange(-20, 20), random)
    draw.rectangle((0, GROUND, WIDTH, HEIGHT), fill=(196, 190, 180))
    draw.polygon(((90, HEIGHT), (330, GROUND), (640, GROUND), (900, HEIGHT)), fill=(98, 100, 104))
    for step in range(5):
        top = GROUND + 20 + step * 58
        draw.polygon(((480, top), (490, top), (496, top + 30), (478, top + 30)), fill=(236, 232, 214))
    _lamp(draw, 250 + random.randrange(30), (250, 238, 190) if not is_dark else (90, 92, 96))
    if defect in DRAWN:
        DRAWN[defect](draw, random)
    if is_dark:
        picture = ImageEnhance.Brightness(picture).enhance(0.3)
    out = BytesIO()
    picture.save(out, "JPEG", quality=80)
    return media.examine(name, out.getvalue(), MOST_POINTS)


def _house(draw: ImageDraw.ImageDraw, left: int, random: Random) -> None:
    top = 120 + random.randrange(150)
    tone = 170 + random.randrange(60)
    draw.rectangle((left, top, left + 175, GROUND), fill=(tone, tone - 14, tone - 34))
    for y in range(top + 20, GROUND - 30, 46):
        for x in range(left + 18, left + 150, 44):
            draw.rectangle((x, y, x + 24, y + 26), fill=(92, 118, 142))


def _lamp(draw: ImageDraw.ImageDraw, x: int, light: Colour) -> None:
    draw.rectangle((x, 210, x + 9, 560), fill=(72, 76, 82))
    draw.rectangle((x, 204, x + 80, 213), fill=(72, 76, 82))
    draw.ellipse((x + 58, 205, x + 98, 229), fill=light)


def _hole(draw: ImageDraw.ImageDraw, random: Random) -> None:
    x, y = 380 + random.randrange(140), 560 + random.randrange(50)
    for grown, tone in ((26, 78), (10, 56), (-10, 38)):
        draw.polygon(_ragged(x, y, 120 + grown, 44 + grown / 2, random), fill=(tone, tone - 2, tone - 4))


def _rubbish(draw: ImageDraw.ImageDraw, random: Random) -> None:
    x, y = 170 + random.randrange(80), 600 + random.randrange(40)
    for _ in range(26):
        shade = (random.randrange(60, 210), random.randrange(60, 210), random.randrange(60, 210))
        left, top = x + random.randrange(-120, 160), y + random.randrange(-60, 40)
        draw.polygon(_ragged(left, top, 18 + random.randrange(28), 14 + random.randrange(18), random), fill=shade)


def _cars(draw: ImageDraw.ImageDraw, random: Random) -> None:
    for place in range(3):
        x, y = 560 + place * 95, 500 + place * 62
        paint = (random.randrange(90, 220), random.randrange(60, 140), random.randrange(60, 160))
        draw.rounded_rectangle((x, y, x + 170, y + 56), 14, fill=paint)
        draw.polygon(((x + 30, y), (x + 52, y - 36), (x + 118, y - 36), (x + 144, y)), fill=(120, 146, 166))
        for wheel in (x + 22, x + 116):
            draw.ellipse((wheel, y + 40, wheel + 34, y + 74), fill=(34, 34, 36))


def _ragged(x: float, y: float, wide: float, high: float, random: Random) -> list[Point]:
    """An outline around a point, not quite round."""
    ring = ((1, 0), (0.7, 0.7), (0, 1), (-0.7, 0.7), (-1, 0), (-0.7, -0.7), (0, -1), (0.7, -0.7))
    return [(x + wide * across * random.uniform(0.8, 1.15), y + high * down * random.uniform(0.8, 1.15))
            for across, down in ring]  # fmt: skip


DRAWN = {"hole": _hole, "rubbish": _rubbish, "cars": _cars}
