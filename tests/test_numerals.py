import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmos_cli.numerals import number, plain

SAID = {
    "12": 12, "1,000": 1000, "1,000,000.5": 1000000.5, "3.5": 3.5, ".5": 0.5, "2nd": 2, "21st": 21, "five": 5, "twelfth": 12,
    "twenty-five": 25, "twenty five": 25, "thirtieth": 30, "a": 1, "an": 1, "a couple": 2, "a couple of": 2, "a few": 3, "a dozen": 12,
    "two dozen": 24, "half a": 0.5, "half": 0.5, "half a dozen": 6, "two and a half": 2.5, "a hundred and five": 105,
    "twenty five hundred": 2500, "two thousand three hundred and five": 2305, "one hundred twenty three thousand": 123000,
    "10 thousand": 10000, "1.5 million": 1500000, "  Five ": 5, "zero": 0, "both": 2,
}  # fmt: skip
CHINESE = {
    "十": 10,
    "十二": 12,
    "二十": 20,
    "两个": 2,
    "第三": 3,
    "半": 0.5,
    "一百零五": 105,
    "二零二三": 2023,
    "一万": 10000,
    "两万三千": 23000,
}


@pytest.mark.parametrize(("text", "value"), [*SAID.items(), *CHINESE.items()])
def test_what_people_write_is_the_number_they_mean(text, value):
    assert number(text) == value


@pytest.mark.parametrize(("text", "value"), [("1,5", 1.5), ("10,50", 10.5), ("0,125", 0.125)])
def test_a_comma_before_other_than_three_digits_is_a_decimal_one(text, value):
    assert number(text) == value


@pytest.mark.parametrize(
    "text",
    ["", " ", "the", "many", "first two", "five three", "3 5", "-5", "1.2.3", "1,2,3", "five a", "half five half", "9" * 400, "²", "五x"],
)
def test_other_words_are_no_number(text):
    assert number(text) is None


@given(st.text())
def test_any_text_is_a_number_or_none(text):
    value = number(text)
    assert value is None or 0 <= value < float("inf")


@given(st.integers(0, 10**12), st.sampled_from([0, 0.5, 0.25]))
def test_the_plain_text_of_a_number_says_that_number(whole, part):
    assert number(plain(whole + part)) == whole + part
    assert "e" not in plain(whole + part)
