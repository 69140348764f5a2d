"""Amounts, dates and codes as the field writes them; numbers worked out by hand."""

from datetime import date
from decimal import Decimal

import pytest

from gis.exchange.amounts import AREA_M2, MONEY_YUAN, CellError, parse_amount, parse_number
from gis.exchange.ledger_codes import parse_archive_number, parse_national_code
from gis.exchange.ledger_dates import parse_date, parse_period


@pytest.mark.parametrize(
    ("text", "yuan"),
    [
        ("1.2亿", "120000000"), ("12000万元", "120000000"), ("１２，０００万元", "120000000"), ("12 000 万", "120000000"),
        ("1,2000万元", "120000000"), ("0.5元", "0.5"), ("￥5,000元", "5000"), ("3百万元", "3000000"), ("1亿2000万元", "120000000"),
        ("1.5e2万元", "1500000"), ("-3万元", "-30000"), ("'7万元", "70000"),
    ],
)  # fmt: skip
def test_money_is_read_to_the_yuan(text: str, yuan: str) -> None:
    amount = parse_amount(text, MONEY_YUAN, None)
    assert amount is not None
    assert amount.value == Decimal(yuan)


@pytest.mark.parametrize(
    ("text", "area_m2"),
    [("1200亩", 800_000), ("15亩", 10_000), ("80公顷", 800_000), ("0.8平方公里", 800_000), ("80万㎡", 800_000), ("3ha", 30_000),
     ("2.5hm²", 25_000), ("1万亩", "6666666.666666666666666666667"), ("５０００平方米", 5_000)],
)  # fmt: skip
def test_areas_are_read_to_the_square_metre(text: str, area_m2: int | str) -> None:
    amount = parse_amount(text, AREA_M2, None)
    assert amount is not None
    assert amount.value == Decimal(area_m2)


@pytest.mark.parametrize("text", ["—", "－", "/", "", None, "无", "N/A", "……", "　"])
def test_a_mark_for_no_value_is_none(text: str | None) -> None:
    assert parse_amount(text, MONEY_YUAN, None) is None
    assert parse_number(text) is None
    assert parse_date(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "1,23",
        "1 2",
        "十万",
        "5美元",
        "$5",
        "1.2.3",
        "inf",
        "NaN",
        "1e99",
        "9" * 40,
        "100-200万元",
        "1200余万元",
        "5亩",
        "0x10",
        "１／２",
    ],
)
def test_what_is_no_money_is_refused_in_both_languages(text: str) -> None:
    with pytest.raises(CellError) as caught:
        parse_amount(text, MONEY_YUAN, "万元")
    assert caught.value.en
    assert caught.value.zh


def test_no_unit_anywhere_is_refused_not_guessed() -> None:
    with pytest.raises(CellError, match="no unit"):
        parse_amount("1200", MONEY_YUAN, None)


def test_the_same_unit_under_another_name_agrees_with_the_header() -> None:
    amounts = [parse_amount("1200万", MONEY_YUAN, "万元"), parse_amount("2公顷", AREA_M2, "hm2")]
    assert [each.value for each in amounts if each is not None] == [Decimal(12_000_000), Decimal(20_000)]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2025.3", date(2025, 3, 1), date(2025, 3, 31)), ("2024年2月", date(2024, 2, 1), date(2024, 2, 29)),
        ("2025年3月初", date(2025, 3, 1), date(2025, 3, 1)), ("2025年2月底前", date(2025, 2, 28), date(2025, 2, 28)),
        ("2025年3月中旬", date(2025, 3, 11), date(2025, 3, 20)), ("2025年2月下旬", date(2025, 2, 21), date(2025, 2, 28)),
        ("2025-03-05T08:00", date(2025, 3, 5), date(2025, 3, 5)), ("2025. 3. 5", date(2025, 3, 5), date(2025, 3, 5)),
        ("２０２５年３月５日", date(2025, 3, 5), date(2025, 3, 5)), ("二〇二五年三月三十一日", date(2025, 3, 31), date(2025, 3, 31)),
        ("2025年下半年", date(2025, 7, 1), date(2025, 12, 31)), ("2025Q4", date(2025, 10, 1), date(2025, 12, 31)),
        ("2025年三季度", date(2025, 7, 1), date(2025, 9, 30)),
    ],
)  # fmt: skip
def test_a_date_means_the_days_it_says(text: str, first: date, last: date) -> None:
    dated = parse_date(text)
    assert dated is not None
    assert (dated.first, dated.last) == (first, last)


@pytest.mark.parametrize(
    "value",
    [
        "25.3",
        "2025.0",
        "2025.13.1",
        "2025-02-29",
        "3/1/2025",
        "明年",
        "2025年2月30日",
        1.5,
        99_999,
        True,
        "1880-01-01",
        "=TODAY()",
    ],
)
def test_what_is_no_date_is_refused(value: object) -> None:
    with pytest.raises(CellError):
        parse_date(value)


def test_a_serial_number_is_the_day_that_excel_shows() -> None:
    # Excel: 45717 is 1 March 2025, 25569 the first day of 1970.
    days = [parse_date(45717), parse_date(25569.75)]
    assert [each.first for each in days if each is not None] == [date(2025, 3, 1), date(1970, 1, 1)]


def test_a_span_of_time_that_runs_backwards_is_refused() -> None:
    with pytest.raises(CellError, match="ends before"):
        parse_period("2027.1-2025.12")


def test_codes_are_judged_by_their_own_rules() -> None:
    assert parse_national_code("2403-341299-04-01-200179") == ("2403-341299-04-01-200179", None)
    assert parse_national_code("2017-341299-54-01-023456-000")[1] is None
    with pytest.raises(CellError, match="no year and month"):
        parse_national_code("2413-341299-04-01-200179")
    assert parse_archive_number("341299-2023-01-0001-1") == "341299-2023-01-0001-1"
    with pytest.raises(CellError, match="should be 1"):
        parse_archive_number("341299-2023-01-0001-2")
