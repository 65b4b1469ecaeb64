"""What becomes of a ticket: the steps people take and the hours between them, drawn at random."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from bench.life import Life
from bench.matters import Matter

Act = Callable[[Life, Random], None]

PHASES = {
    "to_dispatch": 6, "to_sign": 14, "in_hand": 52, "returned": 3, "rejected": 2, "to_review": 9, "to_rate": 14,
}
"""Where open tickets are, in percent. Those that routing dispatches by itself are never to_dispatch."""
WAITED = {
    "to_dispatch": 1, "to_sign": 6, "in_hand": 40, "returned": 5, "rejected": 20, "to_review": 6, "to_rate": 60,
}
"""Mean hours that an open ticket has been where it is."""
LONG_WAIT, FORGOTTEN = 12, 0.03  # that share waits so many times as long
LONGEST_UNRATED = 120  # hours; after seven days the callback clock closes the ticket
UNRATED_HOURS = 21 * 24  # the seven days in which one may rate, after the longest holiday

_RETURN_REASONS = ("wrong_area", "not_our_duty", "ownership_unclear", "overlapping_duty")
_HANDLE_NOTES = (
    "已电话联系来电人，约定现场查看时间。", "工作人员已到现场核实，情况属实，正在协调处理。",
    "已向责任单位下达整改通知，要求限期完成。",
)
_PUBLIC = (
    "您好，您反映的问题已收悉。经核实情况属实，我单位已安排处理完毕，感谢您的监督与支持。",
    "您好，经现场查看，我单位已责令相关责任方整改，现已恢复正常。如再次出现请及时反映。",
    "您好，您咨询的事项已由工作人员电话解释说明，您表示了解。",
)
_INTERNAL = "已现场核实并拍照留存，已联系来电人说明处理结果，来电人认可。"


@dataclass(slots=True)
class Step:
    """`hours` after the step before, `act` happens."""

    hours: int
    act: Act


def closed(rng: Random, matter: Matter) -> tuple[list[Step], int]:
    """Steps to the end, and the hours they need at least (unrated tickets wait until their clock ends)."""
    steps: list[Step] = []
    if not matter.dispatches:
        fate = rng.random()
        if fate < 0.6:
            return [Step(rng.randint(0, 1), _answer)], 1
        if fate < 0.7:
            return [Step(rng.randint(0, 1), _refer)], 1
        steps.append(Step(_about(rng, 1, matter), _dispatch))
    steps += _handling(rng, matter)
    if rng.random() < 0.04:
        steps += [Step(_about(rng, 6, matter), _reject), Step(_about(rng, 40, matter), _reply)]
    steps.append(Step(_about(rng, 6, matter), _accept))
    ending = rng.random()
    if ending < 0.55:
        steps.append(Step(rng.randint(1, 100), _rate))
    elif ending < 0.8:
        steps.append(Step(rng.randint(1, 100), _close))
    needed = sum(step.hours for step in steps)
    return steps, needed + (UNRATED_HOURS if ending >= 0.8 else 0)


def at_any_hour(step: Step, matter: Matter) -> bool:
    """Whether this happens at night too: what is urgent, and what citizens do."""
    return step.act is _rate or matter.urgency in ("critical", "urgent")


def rated_in_time(rng: Random, steps: list[Step], matter: Matter) -> list[Step]:
    """The same steps, ended by a rating where they would have waited for the clock to close the ticket."""
    ends = {_answer, _refer, _rate, _close}
    return steps if steps[-1].act in ends else [*steps, Step(_about(rng, 20, matter), _rate)]


def open_(rng: Random, matter: Matter) -> tuple[list[Step], int]:
    """Steps so far, and how many hours ago the ticket was registered."""
    [phase] = rng.choices(list(PHASES), list(PHASES.values()))
    if phase == "to_dispatch" and matter.dispatches:
        phase = "to_sign"
    steps = _so_far(rng, matter, phase)
    waited = int(rng.expovariate(1 / WAITED[phase]) * (LONG_WAIT if rng.random() < FORGOTTEN else 1))
    if phase == "to_rate":
        waited = min(waited, LONGEST_UNRATED)
    return steps, sum(step.hours for step in steps) + waited


def _so_far(rng: Random, matter: Matter, phase: str) -> list[Step]:
    if phase == "to_dispatch":
        return []
    steps = [] if matter.dispatches else [Step(_about(rng, 1, matter), _dispatch)]
    if phase == "to_sign":
        return steps
    if phase == "returned":
        return [*steps, Step(_about(rng, 5, matter), _sign), Step(_about(rng, 5, matter), _ask_return)]
    handling = _handling(rng, matter)
    if phase == "in_hand":
        return [*steps, *handling[:-1]]
    steps += handling
    if phase == "rejected":
        steps.append(Step(_about(rng, 6, matter), _reject))
    if phase == "to_rate":
        steps.append(Step(_about(rng, 6, matter), _accept))
    return steps


def _handling(rng: Random, matter: Matter) -> list[Step]:
    """From signing to the lead unit's reply, for one ticket in twenty by way of a return."""
    steps = [Step(_about(rng, 5, matter), _sign)]
    returned = rng.random()
    if returned < 0.05:
        steps.append(Step(_about(rng, 5, matter), _ask_return))
        steps.append(Step(_about(rng, 3, matter), _uphold if returned < 0.02 else _redispatch))
    steps += [Step(_about(rng, 20, matter), _handle) for _ in range(rng.choice((0, 1, 1, 2)))]
    return [*steps, Step(_about(rng, 40, matter), _reply)]


def _about(rng: Random, hours: float, matter: Matter) -> int:
    """Hours with that mean for an ordinary ticket; urgent ones are quicker."""
    pace = {"critical": 0.05, "urgent": 0.15, "hard": 2.0}.get(matter.urgency, 1.0)
    return int(rng.expovariate(1 / (hours * pace)))


def _answer(life: Life, rng: Random) -> None:
    staff = life.caller.operator or rng.choice(life.city.dispatchers)
    life.answer(staff, "您好，已为您说明办理条件、所需材料和办理地点，并以短信发送办事指南。")


def _refer(life: Life, rng: Random) -> None:
    disposition = rng.choice(("statutory", "explain", "explain"))
    reason = "litigation" if disposition == "statutory" else "outside_powers"
    told = "您好，该事项属于法定途径，已告知受理渠道。"
    life.refer(rng.choice(life.city.dispatchers), disposition, reason, told)


def _dispatch(life: Life, rng: Random) -> None:
    unit = life.matter.lead or life.city.another_unit(rng, ())
    life.dispatch(rng.choice(life.city.dispatchers), unit, life.matter.assists)


def _sign(life: Life, rng: Random) -> None:
    for part in life.parts:
        if part.state == "PENDING_SIGN":
            life.sign(part)


def _handle(life: Life, rng: Random) -> None:
    _sign(life, rng)
    life.handle(life.lead, rng.choice(_HANDLE_NOTES))


def _ask_return(life: Life, rng: Random) -> None:
    suggested = life.city.another_unit(rng, (part.unit for part in life.parts))
    life.request_return(life.lead, rng.choice(_RETURN_REASONS), "经核实不属于本单位职责，申请退回。", suggested)


def _uphold(life: Life, rng: Random) -> None:
    life.uphold(rng.choice(life.city.supervisors), life.lead, "按照职责清单属于你单位职责，请继续办理。")


def _redispatch(life: Life, rng: Random) -> None:
    part = life.lead
    unit = part.suggested or life.city.another_unit(rng, (other.unit for other in life.parts))
    life.redispatch(rng.choice(life.city.dispatchers), part, unit, "退单理由成立，改派。")


def _reply(life: Life, rng: Random) -> None:
    """Those that assist reply first, then the lead; a returned part's successor signs before."""
    _sign(life, rng)
    lead = life.lead
    for part in life.parts:
        if part is not lead and part.state == "HANDLING":
            life.contribute(part, _INTERNAL)
    life.reply(lead, rng.choice(_PUBLIC), _INTERNAL)


def _accept(life: Life, rng: Random) -> None:
    life.accept(rng.choice(life.city.supervisors))


def _reject(life: Life, rng: Random) -> None:
    life.reject(rng.choice(life.city.supervisors), "答复未说明处理结果，请补充办理情况后重新反馈。")


def _rate(life: Life, rng: Random) -> None:
    solved = rng.random() < 0.85
    satisfied = rng.choice((2, 3, 3, 3)) if solved else rng.choice((1, 1, 2))
    life.rate(solved, satisfied, "谢谢。" if rng.random() < 0.2 else "")


def _close(life: Life, rng: Random) -> None:
    outcome = rng.choice(("confirmed", "confirmed", "unreachable", "declined"))
    life.close(rng.choice(life.city.supervisors), outcome)
