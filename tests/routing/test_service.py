"""Reference data in the database: seeded as in the files, kept by version, never kept uncommitted."""

from dataclasses import replace
from datetime import date, time

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError, NoResultFound

from db import db
from routing import rules, seed, service
from routing.models import Department, DirectoryItem, RoutingRule, TextIndex
from routing.values import Facts


@pytest.fixture
def version(session):
    return service.current_version(db.session())


def test_the_database_holds_what_the_files_say(version, city):
    loaded = service.reference(version).directory
    assert loaded.duties == city.duties
    assert [replace(rule, id=0) for rule in loaded.rules] == [replace(rule, id=0) for rule in city.rules]
    assert loaded.places == city.places
    assert loaded.threshold == city.threshold
    assert {code: replace(unit, id=0) for code, unit in loaded.units.items()} == {
        code: replace(unit, id=0) for code, unit in city.units.items()
    }


def test_seeding_again_changes_nothing(version):
    assert seed.seed(db.session()) is False
    assert service.current_version(db.session()) == version


def test_a_version_is_loaded_once(version):
    assert service.reference(version) is service.reference(version)
    assert service.current().version == version


def test_an_uncommitted_change_is_seen_inside_only(version):
    before = service.reference(version)
    db.session.execute(update(Department).where(Department.code == "9901.bus").values(name="甲公司"))
    raised = service.current_version(db.session())
    assert raised == version + 1
    assert service.reference(raised).units["9901.bus"].name == "甲公司"
    assert service.reference(version) is before
    db.session.rollback()
    assert service.reference(version).units["9901.bus"].name != "甲公司"


def test_plain_reads(version):
    reference = service.reference(version)
    bus = reference.units["9901.bus"]
    assert reference.units_by_id[bus.id] is bus
    with pytest.raises(KeyError):
        reference.setting("nothing")
    assert reference.setting("green_factor") == 0.7
    assert reference.region_chain("990102004") == ("9901", "990102", "990102004")
    assert reference.zone.key == "Asia/Shanghai"
    assert reference.working_periods[0] == (time(8, 30), time(12))
    assert reference.calendar[date(2026, 10, 10)] is True
    assert {row.clock for row in reference.policies} >= {"sign", "handle"}


def test_the_tree_of_units(version):
    reference = service.reference(version)
    county, town = reference.units["990102.gov"], reference.units["990102004.gov"]
    village, office = reference.units["990102004001.gov"], reference.units["9901.office"]
    assert service.descendants(village.id, version) == {village.id}
    assert {town.id, village.id} < service.descendants(county.id, version)
    assert service.descendants(office.id, version) == reference.units_by_id.keys()
    assert reference.ancestors(village.id) == (town.id, county.id, office.id)
    paths = dict(db.session.execute(select(Department.id, Department.path)).all())
    assert paths[village.id] == f"/{office.id}/{county.id}/{town.id}/{village.id}/"


def test_categories_know_their_parents(version):
    found = service.reference(version).categories
    assert found["02-04-01"].parent == "02-04" and found["02"].parent is None
    assert found["02-04-01"].name_en == "Street lighting"


def test_a_new_version_of_a_duty_takes_over_on_its_day(version):
    day = date(2026, 7, 1)
    item = service.add_directory_version(
        db.session(), "D020401", day, lead_department_code="9901.power", lead_line=None, lead_level=None
    )
    assert (item.version, item.valid_until, item.matter) == (2, None, "城市道路照明设施维修")
    raised = service.current_version(db.session())
    lamp = Facts("路灯不亮", "路灯坏了", on=date(2026, 6, 30))
    assert rules.decide(lamp, service.reference(raised).directory).lead == "9901.urban"
    after = rules.decide(replace(lamp, on=day), service.reference(raised).directory)
    assert (after.lead, after.duty_version) == ("9901.power", 2)


def test_a_new_version_must_start_later_and_have_a_duty(session):
    with pytest.raises(ValueError, match="D020401"):
        service.add_directory_version(db.session(), "D020401", seed.IN_FORCE_FROM)
    with pytest.raises(NoResultFound):
        service.add_directory_version(db.session(), "D999999", date(2026, 7, 1))


@pytest.mark.parametrize(
    "changes",
    [
        {"legal_basis": ""},
        {"lead_department_code": "9901.bus"},
        {"lead_line": None, "lead_level": None},
        {"category_code": "99-99-99"},
        {"valid_until": date(2019, 1, 1)},
    ],
)
def test_the_tables_refuse_half_a_duty(session, changes):
    duty = DirectoryItem.code == "D020401"
    with pytest.raises(IntegrityError):
        db.session.execute(update(DirectoryItem).where(duty).values(**changes))


def test_the_tables_refuse_a_rule_without_an_outcome(session):
    db.session.add(RoutingRule(position=1, name="空", when_={}))
    with pytest.raises(IntegrityError):
        db.session.flush()


def test_an_inactive_rule_and_duty_are_left_out(version):
    db.session.execute(update(RoutingRule).values(is_active=False))
    db.session.execute(update(DirectoryItem).where(DirectoryItem.code == "D020401").values(is_active=False))
    loaded = service.load(db.session()).directory
    assert loaded.rules == ()
    assert "D020401" not in {duty.code for duty in loaded.duties}


def test_texts_are_indexed_again_under_their_key(session):
    service.index_texts(db.session(), {})
    service.index_texts(db.session(), {"a": "路灯不亮", "b": "停水"})
    service.index_texts(db.session(), {"a": "停电"})
    rows = dict(db.session.execute(select(TextIndex.key, TextIndex.tokens)).all())
    assert "'停电'" in rows["a"] and "'路灯'" not in rows["a"]
    assert "'停水'" in rows["b"]


def test_an_inactive_unit_stays_known_but_leads_nothing(version):
    db.session.execute(update(Department).where(Department.code == "990102.urban").values(is_active=False))
    reference = service.load(db.session())
    assert reference.places["990102"].name == "望河区"
    assert reference.units["990102.urban"].is_active is False
    lamp = Facts("路灯不亮", "路灯坏了", region=("9901", "990102"))
    assert rules.decide(lamp, reference.directory).lead == "9901.urban"
