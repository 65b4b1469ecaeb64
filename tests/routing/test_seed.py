"""A bare city: frame only, on a session that hands out ids and keeps what is added."""

from itertools import count

from routing import seed
from routing.models import CalendarDay, Category, CitySetting, Department, DirectoryItem, Policy, Region


class Nothing:
    def first(self):
        return None


class RecordingSession:
    """Enough of a Session for seed(): an empty database that numbers rows at flush."""

    def __init__(self):
        self.rows = []
        self._ids = count(1)

    def scalars(self, statement):
        return Nothing()

    def add(self, row):
        self.rows.append(row)

    def add_all(self, rows):
        self.rows.extend(rows)

    def flush(self):
        for row in self.rows:
            if hasattr(row, "id") and row.id is None:
                row.id = next(self._ids)

    def of(self, model):
        return [row for row in self.rows if isinstance(row, model)]


def test_a_bare_city_has_a_frame_and_a_hotline_and_no_duties():
    session = RecordingSession()
    assert seed.seed(session, demo=False) is True
    assert [row.code for row in session.of(Region)] == ["0000"]
    (hotline,) = session.of(Department)
    assert (hotline.kind, hotline.region_code, hotline.path) == ("hotline", "0000", f"/{hotline.id}/")
    assert session.of(DirectoryItem) == []
    assert session.of(Policy) and session.of(CalendarDay)
    settings = {row.key: row.value for row in session.of(CitySetting)}
    assert settings["city_name"]["zh"] == "本市" and settings["zone"] == "Asia/Shanghai"
    assert settings["phone"]["offer"] == 18


def test_paths_of_categories_lead_from_the_top():
    session = RecordingSession()
    seed.seed(session, demo=True)
    by_code = {row.code: row for row in session.of(Category)}
    leaf = by_code["02-04-01"]
    assert leaf.path == f"/{by_code['02'].id}/{by_code['02-04'].id}/{leaf.id}/"
    assert leaf.parent_id == by_code["02-04"].id
