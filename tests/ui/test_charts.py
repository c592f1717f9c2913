"""Bars and sparklines: as long as what they stand for."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmos_cli.ui.charts import bar, bars, sparkline, used
from llmos_cli.ui.show import Show
from llmos_cli.values import Table
from tests.ui.fakes import printed, terminal


@pytest.mark.parametrize(("share", "drawn"), [(0, ""), (1, "████████"), (0.5, "████"), (0.0001, "▏"), (9 / 64, "█▏")])
def test_a_bar(share: float, drawn: str) -> None:
    assert bar(share, 8) == drawn


def test_bars_are_compared_with_the_greatest() -> None:
    assert bars([10, 5, 0], 10) == ["█" * 10, "█" * 5, ""]
    assert bars([1, 2], 4) == bars([3], 30) == bars([0, 0], 30) == bars([-1, 2], 30) == []
    assert max(map(len, bars([1, 2], 500))) == 30


def test_what_is_used() -> None:
    assert (used(0.45), used(2)) == ("████░░░░░░  45%", "")


def test_a_sparkline_has_the_days_without_any_too() -> None:
    assert sparkline("month", {"2025-11": 4, "2026-02": 8, "": 3}, 80) == "2025-11 ▅··█ 2026-02"
    assert sparkline("year", {"2019": 1, "2021": 8}, 80) == "2019 ▂·█ 2021"
    assert sparkline("day", {"2024-02-28": 1, "2024-03-01": 1}, 80) == "2024-02-28 █·█ 2024-03-01"
    many = sparkline("day", {"2016-01-01": 1, "2025-12-31": 2}, 40)
    assert len(many) <= 40 and many.startswith("2016-01-01 ▅·") and many.endswith("·█ 2025-12-31")
    for counts in ({}, {"2024": 1}, {"2024": 1, "2025": 1}, {"0001": 1, "9999": 1}, {"2024": 0, "2026": 0}, {"20x4": 1, "2025": 2}):
        assert sparkline("year", counts, 80) == ""


def shown(work: Path, table: Table, width: int = 80, **env: str) -> str:
    host = terminal(work, width=width)
    object.__setattr__(host, "env", {**host.env, **env})
    Show(host).value(table)
    return printed(host)


def test_groups_and_sizes_have_bars_where_there_is_room(work: Path) -> None:
    table = Table(("ext", "count"), (("pdf", 10), ("报告", 5)))
    assert shown(work, table, 30) == f"ext   count\npdf      10  {'█' * 17}\n报告      5  {'█' * 8}▌\n"
    assert "█" not in shown(work, Table(("ext", "count"), (("a long one", 2), ("b", 1))), 20)
    assert "█" not in shown(work, table, LLMOS_PLAIN="1")
    assert "█" not in shown(work, Table(("name", "age", "n"), (("a", 1, 2), ("b", 2, 3))))
    assert shown(work, Table(("ext", "count"), (("a", None), ("b", 2)))) == "ext  count\na\nb        2\n"


def test_counts_by_date_have_a_line(work: Path) -> None:
    table = Table(("year", "count"), iter([("2023", 8), ("2020", 1), ("2021", 4)]))
    assert shown(work, table).splitlines()[-1] == "2020 ▂▅·█ 2023"
    assert "█" not in shown(work, table, LLMOS_PLAIN="1")


def test_a_table_that_comes_slowly_is_not_waited_for(work: Path) -> None:
    host = terminal(work)
    now = 0.0
    object.__setattr__(host, "clock", lambda: now)

    def rows():
        nonlocal now
        for i in range(5):
            assert i < 4 or printed(host).count("\n") >= 3
            now += 1
            yield f"{work}/{i}", i

    Show(host).value(Table(("path", "size"), rows()))
    assert printed(host).count("\n") == 6 and "█" not in printed(host)
