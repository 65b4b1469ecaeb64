"""Tokens and queries for the word index, checked against what PostgreSQL makes of them."""

import pytest
from sqlalchemy import text

from db import db
from routing import search


def test_tokens_are_pairs_and_the_last_character():
    assert search.tokens("路灯不亮，Line 9 号") == "路灯 灯不 不亮 亮 line 9 号"


def test_a_query_joins_pairs_and_demands_every_run():
    assert search.query("路灯不 ab1") == "(路灯 <-> 灯不) & ab1:*"


def test_nothing_searchable_gives_an_empty_query():
    assert search.query("，。! ()&|'") == ""


@pytest.mark.parametrize(
    ("words", "found"),
    [("路灯", True), ("灯不亮", True), ("灯", True), ("亮", True), ("不亮 十字", True), ("ab", True),
     ("灯亮", False), ("路口灯", False), ("b1", False)],
)  # fmt: skip
def test_postgres_finds_every_part_and_nothing_else(session, words, found):
    answer = db.session.scalar(
        text("SELECT to_tsvector('simple', :tokens) @@ to_tsquery('simple', :query)"),
        {"tokens": search.tokens("十字路口路灯不亮，AB1"), "query": search.query(words)},
    )
    assert answer is found
