"""The caller is brought to the operator, whatever happens in the moment of it; nobody is left in a room alone."""

from collections.abc import Callable

from telephone import LINE, Operator, Telephone

from calls.ports import Unreachable
from simulator.chaos import Chaos


class Meddled:
    """The carrier's interface; what happens `before` and `after` its first `lead` is the test's."""

    def __init__(self, port, before: Callable = lambda: None, after: Callable = lambda: None) -> None:
        self.port, self.before, self.after, self.is_first = port, before, after, True

    def __getattr__(self, name: str):
        return getattr(self.port, name)

    def lead(self, line: str, address: str) -> None:
        is_first, self.is_first = self.is_first, False
        if is_first:
            self.before()
        self.port.lead(line, address)
        if is_first:
            self.after()


def meddle(telephone: Telephone, **how: Callable) -> None:
    telephone.app.extensions["voice"] = Meddled(telephone.app.extensions["voice"], **how)


def test_caller_whose_first_operator_was_gone_comes_to_the_second(
    telephone: Telephone, operator: Operator, new_operator
):
    line = telephone.phone().dial(LINE)
    telephone.pass_(20)

    def vanish() -> None:
        operator.line.hang_up()
        telephone.network.advance(1)

    meddle(telephone, before=vanish)
    operator.pick_up()
    telephone.pass_(3)
    call = telephone.call()
    assert call.state == "QUEUED" and operator.state()["seat"]["state"] == "break"
    other = new_operator(telephone)
    telephone.pass_(2)
    other.pick_up()
    telephone.pass_(5)
    assert telephone.call().state == "TALKING" and telephone.call().staff_id == other.person.id
    telephone.pass_(30)
    assert telephone.call().state == "TALKING" and not line.is_over


def test_answer_that_came_too_late_does_not_tear_the_talk_apart(new_telephone, new_operator):
    """The carrier did as it was told and we did not hear so; nor has it told yet who is in the room."""
    telephone = new_telephone(chaos=Chaos(late=8.0))
    operator = new_operator(telephone)
    line = telephone.phone().dial(LINE)
    telephone.pass_(20)

    def timeout() -> None:
        raise Unreachable("ReadTimeout")

    meddle(telephone, after=timeout)
    operator.pick_up()
    telephone.pass_(30)
    assert telephone.call().state == "TALKING" and not line.is_over and not operator.line.is_over


def test_caller_who_never_came_is_sent_for_again(telephone: Telephone, operator: Operator):
    line = telephone.phone().dial(LINE)
    telephone.pass_(20)
    port = telephone.app.extensions["voice"]

    class Forgetful:
        """It says that it will, the first time, and does not."""

        asked = 0

        def __getattr__(self, name: str):
            return getattr(port, name)

        def lead(self, which: str, address: str) -> None:
            self.asked += 1
            if self.asked > 1:
                port.lead(which, address)

    telephone.app.extensions["voice"] = Forgetful()
    operator.pick_up()
    telephone.pass_(10)
    assert telephone.call().state == "CONNECTING"
    telephone.pass_(40)
    assert telephone.call().state == "TALKING" and not line.is_over


def test_operator_whose_line_died_on_the_way_is_noticed(telephone: Telephone, operator: Operator):
    line = telephone.phone().dial(LINE)
    telephone.pass_(20)
    telephone.network.chaos.drop = 1  # no news comes through
    operator.pick_up()
    operator.line.vanish(1)
    telephone.pass_(45)
    call = telephone.call()
    assert (call.state, call.epoch) == ("QUEUED", 2) and operator.state()["seat"]["state"] == "break"
    assert not line.is_over and "优先" in "".join(one.text for one in line.heard)
