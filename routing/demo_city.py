"""The demo city's directory straight from its files, for tests and benchmarks that need no database."""

from routing import seed
from routing.directory import Directory
from routing.values import Duty, Place, Rule, Target, Unit, When


def directory() -> Directory:
    """What service.load() gives for a freshly seeded demo city; ids count from 1 in the files' order."""
    return Directory(
        units=_units(),
        duties=_duties(),
        rules=_rules(),
        places={
            row["code"]: Place(row["code"], row["name"], int(row["level"]), row["parent_code"] or None)
            for row in seed.table("regions")
        },
        threshold=seed.document("settings")["routing_threshold"],
    )


def _units() -> dict[str, Unit]:
    return {
        row["code"]: Unit(
            code=row["code"],
            id=number,
            name=row["name"],
            short_name=row["short_name"],
            level=int(row["level"]),
            kind=row["kind"],
            line=row["line"] or None,
            region=row["region_code"],
            parent=row["parent_code"] or None,
            phone=row["phone"] or None,
        )
        for number, row in enumerate(seed.table("departments"), 1)
    }


def _duties() -> tuple[Duty, ...]:
    return tuple(
        Duty(
            code=row["code"],
            version=1,
            matter=row["matter"],
            category=row["category_code"],
            lead=Target(**seed.target(row["lead"])),
            assists=tuple(Target(**seed.target(one)) for one in row["assists"].split()),
            legal_basis=row["legal_basis"],
            keywords=tuple((str(word), float(weight)) for word, weight in seed.keywords(row["keywords"])),
            anti_keywords=tuple(row["anti_keywords"].split()),
            valid_from=seed.IN_FORCE_FROM,
        )
        for row in seed.table("duties")
    )


def _rules() -> tuple[Rule, ...]:
    return tuple(
        Rule(
            id=number,
            position=row["position"],
            name=row["name"],
            when=When.from_data(row["when"]),
            lead=Target(**row["lead"]) if "lead" in row else None,
            assists=tuple(Target(**one) for one in row.get("assists", [])),
            category=row.get("category"),
            disposition=row.get("disposition"),
        )
        for number, row in enumerate(seed.document("rules"), 1)
    )
