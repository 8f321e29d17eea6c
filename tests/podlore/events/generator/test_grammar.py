from collections import Counter
from random import Random

from podlore.events.generator.grammar import Choice, Slot, count, draw, fill, parse


def test_parentheses_without_a_bar_are_text() -> None:
    assert parse("f(x) and (y") == ("f(x) and (y",)


def test_choices_nest_and_count() -> None:
    text = parse("(a|b(c|d|))e")
    assert count(text) == 4
    drawn = Counter(fill(draw(text, Random(seed)), str) for seed in range(400))
    assert set(drawn) == {"ae", "bce", "bde", "be"}
    assert min(drawn.values()) > 50


def test_a_choice_inside_plain_parentheses_is_one() -> None:
    assert count(parse("failed (timeout (1|2) s)")) == 2


def test_braces_of_json_are_no_slots() -> None:
    assert parse('{"level":"x"} {TCP} {ip}') == ('{"level":"x"} {TCP} ', Slot("ip"))


def test_an_option_may_be_empty() -> None:
    assert parse("(a|)") == (Choice((("a",), ())),)
