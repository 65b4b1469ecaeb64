"""Finding known words: longest first, none inside another, blanks and widths do not matter."""

from routing.words import Words, normal


def test_normal_joins_what_people_split_and_widen():
    assert normal(" 路 灯\nＫＴＶ　１２３４５ ") == "路灯ktv12345"


def test_counts_stand_apart_for_title_and_text():
    hits = Words(["路灯", "停水"]).find("路灯", "停水停水路灯")
    assert hits.title == {"路灯": 1}
    assert hits.text == {"停水": 2, "路灯": 1}
    assert hits.words == {"路灯", "停水"}


def test_a_word_inside_a_longer_known_word_does_not_count():
    hits = Words(["物业", "物业费", "业费"]).find("", "物业费太高")
    assert hits.text == {"物业费": 1}


def test_a_word_that_also_stands_alone_counts_there():
    hits = Words(["物业", "物业费"]).find("", "物业乱涨物业费")
    assert hits.text == {"物业": 1, "物业费": 1}


def test_overlapping_words_both_count():
    hits = Words(["道路灯", "灯不亮"]).find("", "道路灯不亮")
    assert hits.text == {"道路灯": 1, "灯不亮": 1}


def test_words_of_one_character_are_ignored():
    assert Words(["灯"]).find("灯", "灯灯").words == set()


def test_short_and_empty_texts_hold_nothing():
    assert Words(["路灯"]).find("", "路").words == set()
