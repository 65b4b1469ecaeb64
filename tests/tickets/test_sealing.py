import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets import sealing
from tickets.sealing import Keys, SealError

OLD, NEW, BLIND = bytes(range(32)), bytes(range(32, 64)), b"b" * 32
KEYS = Keys("k2", {"k2": NEW, "k1": OLD}, BLIND)


def encoded(key: bytes) -> str:
    return base64.b64encode(key).decode()


@given(st.text(), st.text(max_size=20), st.text(max_size=20))
def test_what_is_sealed_opens(value, field, context):
    blob = sealing.seal(KEYS, value, field, context)
    assert sealing.open_(KEYS, blob, field, context) == value
    assert sealing.open_(KEYS, memoryview(blob), field, context) == value


def test_equal_values_are_sealed_differently_and_show_nothing():
    blobs = {sealing.seal(KEYS, "13800138000", "phone") for _ in range(50)}
    assert len(blobs) == 50
    assert not any(b"13800138000" in blob for blob in blobs)


@pytest.mark.parametrize(
    ("field", "context"),
    [("name", "contact:1"), ("phone", "contact:2"), ("phone", ""), ("phonec", "ontact:1")],
)
def test_a_value_moved_to_another_place_does_not_open(field, context):
    blob = sealing.seal(KEYS, "13800138000", "phone", "contact:1")
    with pytest.raises(SealError):
        sealing.open_(KEYS, blob, field, context)


def test_every_single_changed_byte_is_found():
    blob = sealing.seal(KEYS, "张三", "name")
    for place in range(len(blob)):
        changed = bytearray(blob)
        changed[place] ^= 1
        with pytest.raises(SealError):
            sealing.open_(KEYS, bytes(changed), "name")


def test_every_cut_is_found():
    blob = sealing.seal(KEYS, "张三", "name")
    for length in range(len(blob)):
        with pytest.raises(SealError):
            sealing.open_(KEYS, blob[:length], "name")


def test_rotation_reads_old_values_and_writes_with_the_new_key():
    before = Keys("k1", {"k1": OLD}, BLIND)
    blob = sealing.seal(before, "13800138000", "phone")
    during = Keys.parse(f"k2:{encoded(NEW)},k1:{encoded(OLD)}", encoded(BLIND))
    assert sealing.key_id_of(blob) == "k1"
    again = sealing.seal(during, sealing.open_(during, blob, "phone"), "phone")
    assert sealing.key_id_of(again) == "k2"
    after = Keys("k2", {"k2": NEW}, BLIND)
    assert sealing.open_(after, again, "phone") == "13800138000"
    with pytest.raises(SealError, match="not readable"):
        sealing.open_(after, blob, "phone")


def test_another_key_under_the_same_id_does_not_open():
    blob = sealing.seal(KEYS, "13800138000", "phone")
    with pytest.raises(SealError):
        sealing.open_(Keys("k2", {"k2": OLD}, BLIND), blob, "phone")


def test_parse_takes_the_first_key_for_writing():
    keys = Keys.parse(f" a:{encoded(OLD)} , b:{encoded(NEW)}", encoded(BLIND))
    assert (keys.writing, dict(keys.readable), keys.blind) == ("a", {"a": OLD, "b": NEW}, BLIND)


@pytest.mark.parametrize(
    ("pii_keys", "blind_key"),
    [
        ("", encoded(BLIND)),
        (encoded(OLD), encoded(BLIND)),
        (f":{encoded(OLD)}", encoded(BLIND)),
        (f"a b:{encoded(OLD)}", encoded(BLIND)),
        (f"a:{encoded(OLD[:16])}", encoded(BLIND)),
        ("a:not base64!", encoded(BLIND)),
        (f"a:{encoded(OLD)},a:{encoded(NEW)}", encoded(BLIND)),
        (f"a:{encoded(OLD)},", encoded(BLIND)),
        (f"a:{encoded(OLD)}", ""),
        (f"a:{encoded(OLD)}", encoded(BLIND[:31])),
    ],
)
def test_parse_refuses_and_does_not_show_the_key(pii_keys, blind_key):
    with pytest.raises(SealError) as refused:
        Keys.parse(pii_keys, blind_key)
    assert encoded(OLD) not in str(refused.value)


def test_writing_key_must_be_readable():
    with pytest.raises(SealError):
        Keys("k3", {"k1": OLD}, BLIND)


def test_keys_do_not_show_themselves():
    assert repr(KEYS) == "Keys(writing='k2')"


def test_blind_hash_is_keyed_and_bound_to_its_field():
    found = sealing.blind(KEYS, "+8613800138000", "phone")
    assert len(found) == 32
    assert found == sealing.blind(Keys("k1", {"k1": OLD}, BLIND), "+8613800138000", "phone")
    assert found != sealing.blind(KEYS, "+8613800138001", "phone")
    assert found != sealing.blind(KEYS, "+8613800138000", "name")
    assert found != sealing.blind(Keys("k1", {"k1": OLD}, b"c" * 32), "+8613800138000", "phone")
    assert sealing.blind(KEYS, "bc", "a") != sealing.blind(KEYS, "c", "ab")


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("13800138000", "+8613800138000"),
        ("138 0013-8000", "+8613800138000"),
        ("１３８００１３８０００", "+8613800138000"),
        ("+86 138 0013 8000", "+8613800138000"),
        ("008613800138000", "+8613800138000"),
        ("19912345678", "+8619912345678"),
        ("0546-8331234", "+865468331234"),
        ("（0546）8331234", "+865468331234"),
        ("+86 546 8331234", "+865468331234"),
        ("010-62345678", "+861062345678"),
        ("+44 20 7946 0958", "+442079460958"),
        ("8331234", "8331234"),
        ("8331-2345", "83312345"),
        ("12345", "12345"),
        ("96116", "96116"),
        ("110", "110"),
        ("0546-8331234转801", "05468331234801"),
        ("12345678901234567890", "12345678901234567890"),
        ("١٢٣", "123"),
        ("no number", ""),
        ("", ""),
    ],
)
def test_normalise_phone(typed, normal):
    assert sealing.normalise_phone(typed) == normal


@given(st.text(max_size=40) | st.text("0123456789+- ()转", max_size=24))
def test_normalise_phone_takes_anything_and_leaves_its_own_form(text):
    normal = sealing.normalise_phone(text)
    if normal.startswith("+"):
        assert sealing.normalise_phone(normal) == normal
    assert normal.removeprefix("+").isdecimal() or normal == ""


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.sampled_from(["", "86", "+86", "0086", "+86 "]))
def test_a_mobile_number_is_one_however_its_country_is_written(mobile, country):
    assert sealing.normalise_phone(country + mobile) == f"+86{mobile}"
