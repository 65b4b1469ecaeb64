"""From the facts of a matter to the unit that leads: ordered rules first, then the directory.

Pure: values in, a decision out. Nothing here reads a clock, a database or a file.
"""

import math
from dataclasses import dataclass, replace

from routing.directory import Directory
from routing.values import Alternative, Chain, Decision, Duty, Facts, Reason, Rule, Unit, is_within
from routing.words import Hits, normal

TITLE_WEIGHT = 2.5  # a word of the title says more about the matter than one of the text
REPEAT_WEIGHT = 0.25  # each further occurrence, three at most
ANTI_FACTOR = 0.25  # what is left of a duty's score when one of its anti-keywords occurs
OFF_CATEGORY_FACTOR = 0.3  # what is left of a duty outside the category an operator chose
CATEGORY_BONUS = 8.0  # added to the duties inside that category
SIBLING_SHARE = 0.5  # of the evidence for other duties of the same second-level category
COUSIN_SHARE = 0.3  # of the evidence for the rest of the same top category
CONFIDENCE_BASE, CONFIDENCE_BY_SCORE, CONFIDENCE_BY_MARGIN = -2.4, 0.9, 2.25
"""Logistic fit on half of a public set of messages (bench/routing_eval.py): is the class right?"""
ALTERNATIVES = 3


@dataclass(frozen=True, slots=True)
class _Case:
    """One matter while it is being decided: the facts, the words found in them, and the place used."""

    facts: Facts
    hits: Hits
    region: Chain
    directory: Directory


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A duty with its score and the unit that would lead; `rival` is the best score of any other unit."""

    duty: Duty
    score: float
    unit: Unit | None
    place_missing: bool
    rival: float = 0.0

    @property
    def confidence(self) -> float:
        """0 to 1; rises with the score, falls as another unit comes close; 0 where no unit was found."""
        if self.unit is None:
            return 0.0
        margin = (self.score - self.rival) / max(self.score, self.rival)
        odds = CONFIDENCE_BASE + CONFIDENCE_BY_SCORE * math.log1p(self.score) + CONFIDENCE_BY_MARGIN * margin
        return round(1 / (1 + math.exp(-odds)), 4)


def decide(facts: Facts, directory: Directory) -> Decision:
    """The first rule that holds decides; otherwise the directory suggests, and dispatches if sure enough."""
    title, text = normal(facts.title), normal(facts.text)
    hits = directory.words.find(title, text)
    case = _Case(facts, hits, directory.region_of(facts.region, hits), directory)
    candidates = _candidates(case)
    for rule in directory.rules:
        if rule.when.holds(facts, case.region, f"{title}\n{text}"):
            return _by_rule(rule, case, candidates)
    return _by_directory(case, candidates)


def _by_rule(rule: Rule, case: _Case, candidates: list[_Candidate]) -> Decision:
    """A rule with a lead is final; one without holds the matter, with the directory's answer as advice."""
    advice = _by_directory(case, candidates)
    named = Reason("rule", values=(("name", rule.name),))
    if rule.lead is None:
        return replace(
            advice,
            rule=rule.id,
            hard=True,
            dispatches=False,
            disposition=rule.disposition,
            category=rule.category or advice.category,
            reasons=(named, Reason("held"), *advice.reasons),
        )
    unit, missing = case.directory.resolve(rule.lead, case.region)
    if unit is None:
        reasons = (named, Reason("no_unit"), *advice.reasons)
        return replace(advice, rule=rule.id, dispatches=False, reasons=reasons)
    place = (Reason("region_missing"),) if missing else ()
    return Decision(
        lead=unit.code,
        assists=case.directory.resolve_all(rule.assists, unit.code, case.region),
        category=rule.category or advice.category,
        duty=None,
        duty_version=None,
        rule=rule.id,
        confidence=1.0,
        hard=True,
        dispatches=rule.disposition is None,
        disposition=rule.disposition,
        region=case.region,
        reasons=(named, *place, *_region_read(case)),
        alternatives=_alternatives(case, [one for one in candidates if one.unit != unit]),
    )


def _by_directory(case: _Case, candidates: list[_Candidate]) -> Decision:
    best = candidates[0] if candidates else None
    unit = best.unit if best else None
    sure = best is not None and unit is not None and best.confidence >= case.directory.threshold
    alternatives = _alternatives(case, candidates[1:])
    assists = case.directory.resolve_all(best.duty.assists, unit.code, case.region) if best and unit else ()
    return Decision(
        lead=unit.code if unit else None,
        assists=assists,
        category=best.duty.category if best else case.facts.category,
        duty=best.duty.code if best else None,
        duty_version=best.duty.version if best else None,
        rule=None,
        confidence=best.confidence if best else 0.0,
        hard=False,
        dispatches=sure,
        disposition=None,
        region=case.region,
        reasons=_verdict(case, best, alternatives, sure),
        alternatives=alternatives,
    )


def _verdict(
    case: _Case, best: _Candidate | None, alternatives: tuple[Alternative, ...], sure: bool
) -> tuple[Reason, ...]:
    """Why this duty, and why not without a person where that is so."""
    if best is None:
        return (Reason("no_duty"), *_region_read(case))
    doubt: tuple[Reason, ...] = ()
    if not sure and best.unit is not None:
        doubt = (Reason("unsure"),)
        if alternatives and best.rival > best.score / 2:
            name = case.directory.units[alternatives[0].lead].name
            doubt = (Reason("close", values=(("unit", name),)),)
    return (*_evidence(case, best), *_region_read(case), *doubt)


def _candidates(case: _Case) -> list[_Candidate]:
    """Best first, one for each unit: the duty that speaks for it most. A best one without a unit stays."""
    duties, scores = case.directory.duties, _scores(case)
    found: list[_Candidate] = []
    seen: set[str] = set()
    for position in sorted(scores, key=lambda position: (-scores[position], duties[position].code)):
        duty = duties[position]
        unit, missing = case.directory.resolve(duty.lead, case.region)
        if (unit.code in seen) if unit else found:
            continue
        seen.add(unit.code if unit else "")
        found.append(_Candidate(duty, scores[position], unit, missing))
        if len(found) > ALTERNATIVES + 1:
            break
    return [_rivalled(one, found) for one in found]


def _rivalled(candidate: _Candidate, found: list[_Candidate]) -> _Candidate:
    return replace(candidate, rival=max((one.score for one in found if one is not candidate), default=0.0))


def _scores(case: _Case) -> dict[int, float]:
    """Position of a duty to its score, above 0; duties with no evidence or not in force are absent."""
    scores: dict[int, float] = {}
    for counts, factor in ((case.hits.title, TITLE_WEIGHT), (case.hits.text, 1.0)):
        for word, count in counts.items():
            worth = factor * (1 + REPEAT_WEIGHT * min(count - 1, 3))
            for position, weight in case.directory.evidence.get(word, ()):
                scores[position] = scores.get(position, 0.0) + weight * worth
    counter = case.directory.counter_evidence
    against = {position for word in case.hits.words for position in counter.get(word, ())}
    for position in against & scores.keys():
        scores[position] *= ANTI_FACTOR
    duties, on = case.directory.duties, case.facts.on
    pooled = _pooled({at: score for at, score in scores.items() if duties[at].in_force(on)}, duties)
    return _lifted(case, pooled) if case.facts.category else pooled


def _pooled(scores: dict[int, float], duties: tuple[Duty, ...]) -> dict[int, float]:
    """A matter shows in words of many duties: those of one field speak for each other in part."""
    fields: dict[str, float] = {}
    tops: dict[str, float] = {}
    for position, score in scores.items():
        field = duties[position].field
        fields[field] = fields.get(field, 0.0) + score
        tops[field[:2]] = tops.get(field[:2], 0.0) + score
    pooled: dict[int, float] = {}
    for position, score in scores.items():
        field = duties[position].field
        siblings, cousins = fields[field] - score, tops[field[:2]] - fields[field]
        pooled[position] = score + SIBLING_SHARE * siblings + COUSIN_SHARE * cousins
    return pooled


def _lifted(case: _Case, scores: dict[int, float]) -> dict[int, float]:
    """An operator's choice lifts the duties inside it, found by words or not, and lowers the others."""
    category = case.facts.category or ""
    lifted = {position: score * OFF_CATEGORY_FACTOR for position, score in scores.items()}
    for position, duty in enumerate(case.directory.duties):
        if is_within(duty.category, category) and duty.in_force(case.facts.on):
            lifted[position] = scores.get(position, 0.0) + CATEGORY_BONUS
    return lifted


def _evidence(case: _Case, candidate: _Candidate) -> tuple[Reason, ...]:
    """The words found, the category, and how the place led to the unit."""
    duty, hits = candidate.duty, case.hits
    words = [normal(word) for word, _ in duty.keywords]
    found = (
        Reason("title_words", tuple(word for word in words if word in hits.title)),
        Reason("text_words", tuple(word for word in words if word in hits.text)),
        Reason("anti_words", tuple(word for word in map(normal, duty.anti_keywords) if word in hits.words)),
    )
    category = case.facts.category
    chosen = (Reason("category"),) if category and is_within(duty.category, category) else ()
    return (*chosen, *(reason for reason in found if reason.words), *_place(case, candidate))


def _place(case: _Case, candidate: _Candidate) -> tuple[Reason, ...]:
    if candidate.unit is None:
        return (Reason("no_unit"),)
    if candidate.place_missing:
        return (Reason("region_missing"),)
    if candidate.duty.lead.line is None:
        return ()
    return (Reason("region", values=(("region", case.directory.places[candidate.unit.region].name),)),)


def _region_read(case: _Case) -> tuple[Reason, ...]:
    """Said only where the text gave the place, or more of it than was known."""
    if case.region == case.facts.region:
        return ()
    return (Reason("region_read", values=(("region", case.directory.places[case.region[-1]].name),)),)


def _alternatives(case: _Case, candidates: list[_Candidate]) -> tuple[Alternative, ...]:
    return tuple(
        Alternative(
            lead=one.unit.code,
            category=one.duty.category,
            duty=one.duty.code,
            duty_version=one.duty.version,
            confidence=one.confidence,
            assists=case.directory.resolve_all(one.duty.assists, one.unit.code, case.region),
            reasons=_evidence(case, one),
        )
        for one in candidates
        if one.unit is not None
    )[:ALTERNATIVES]
