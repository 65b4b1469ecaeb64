from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets import numbers

days = st.dates(min_value=date(2000, 1, 1), max_value=date(2099, 12, 31))
serials = st.integers(min_value=0, max_value=10**12)
made = st.builds(numbers.ticket_number, days, serials)


def test_published_example_of_mod_11_10():
    # ISO 7064 gives 0794 with check digit 5 as its example of the pure system MOD 11,10.
    assert numbers._check_digit("0794") == "5"


def test_number_shows_day_and_serial():
    number = numbers.ticket_number(date(2026, 10, 1), 42)
    assert number[:14] == "20261001000042"
    assert len(number) == 15
    assert numbers.is_ticket_number(number)


def test_serial_wraps_after_a_million():
    day = date(2026, 2, 14)
    assert numbers.ticket_number(day, 1_000_007) == numbers.ticket_number(day, 7)


@given(made)
def test_every_number_made_is_accepted(number):
    assert numbers.is_ticket_number(number)


@given(made, st.integers(0, 14), st.integers(1, 9))
def test_one_wrong_digit_is_found(number, place, shift):
    wrong = str((int(number[place]) + shift) % 10)
    assert not numbers.is_ticket_number(number[:place] + wrong + number[place + 1 :])


@pytest.mark.parametrize("text", ["", "2026", "abc", "20261001000042", "２０２６１００１００００４２０"])
def test_not_a_number(text):
    assert not numbers.is_ticket_number(text)


def test_a_day_that_does_not_exist_is_refused():
    body = "20260230000001"
    assert not numbers.is_ticket_number(body + numbers._check_digit(body))


@given(made, st.lists(st.sampled_from(list(" -－—　\u200b.")), min_size=16, max_size=16), st.booleans())
def test_normalise_undoes_what_people_type(number, filler, wide):
    digits = [chr(ord(digit) + 0xFEE0) if wide else digit for digit in number]
    typed = "".join(mark + digit for mark, digit in zip(filler, [*digits, ""], strict=True))
    assert numbers.normalise_number(typed) == number


def test_normalise_keeps_what_is_wrong():
    assert numbers.normalise_number(" 2026x1 ") == "2026x1"


def test_query_code_is_stable_and_depends_on_everything():
    base = numbers.query_code(b"secret", "k1", 7, 1)
    assert base == numbers.query_code(b"secret", "k1", 7, 1)
    others = {
        numbers.query_code(b"other", "k1", 7, 1),
        numbers.query_code(b"secret", "k2", 7, 1),
        numbers.query_code(b"secret", "k1", 8, 1),
        numbers.query_code(b"secret", "k1", 7, 2),
    }
    assert len(others | {base}) == 5


@given(st.integers(1, 10**9), st.integers(1, 99))
def test_query_code_is_twelve_digits_and_survives_being_spoken(ticket_id, counter):
    code = numbers.query_code(b"s" * 32, "k1", ticket_id, counter)
    assert len(code) == 12 and code.isascii() and code.isdigit()
    assert numbers.normalise_code(numbers.spoken(code)) == code


def test_spoken_groups_of_four():
    assert numbers.spoken("123456789012") == "1234 5678 9012"


NUMBER, CODE = numbers.ticket_number(date(2026, 11, 27), 14), "120456789012"


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (NUMBER, CODE),
        (f" No. {NUMBER[:8]}-{NUMBER[8:]}。", "1204 5678 9012"),
        (NUMBER.replace("0", "O"), CODE.replace("0", "o")),
        ("工单编号：" + "".join(chr(ord(digit) + 0xFEE0) for digit in NUMBER), f"查询码 {numbers.spoken(CODE)}"),
        (CODE, NUMBER),
        (f"{NUMBER} {numbers.spoken(CODE)}", ""),
        ("", f"{NUMBER}/{CODE}"),
        (f"{CODE} {NUMBER}", " "),
    ],
)
def test_what_a_citizen_types_is_read(number, code):
    assert numbers.as_typed(number, code) == (NUMBER, CODE)


@pytest.mark.parametrize(
    ("number", "code", "read"),
    [
        (NUMBER[:-1], CODE, (NUMBER[:-1], CODE)),
        ("", "", ("", "")),
        ("九" * 15, "ⅷx\x00\ud800", ("", "")),
        (NUMBER + "1", CODE[1:], (NUMBER + "1", CODE[1:])),
        (NUMBER + CODE + "1", "", (NUMBER + CODE + "1", "")),
    ],
)
def test_what_has_another_shape_stays_as_it_is(number, code, read):
    assert numbers.as_typed(number, code) == read


def test_code_hash_is_keyed_and_bound_to_its_ticket():
    stored = numbers.code_hash(b"secret", "123456789012", 7)
    assert len(stored) == 32
    assert stored == numbers.code_hash(b"secret", "123456789012", 7)
    assert stored != numbers.code_hash(b"secret", "123456789012", 8)
    assert stored != numbers.code_hash(b"secret", "123456789013", 7)
    assert stored != numbers.code_hash(b"other", "123456789012", 7)
