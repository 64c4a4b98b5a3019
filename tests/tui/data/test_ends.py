"""How connections end, in groups, and bursts of reconnects."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_story import NS, T0_NS
from wsinspect.tui.data import ends
from wsinspect.tui.data.ends import BURST_COUNT, EndsBook, Ring


def test_groups_count_what_ended_alike() -> None:
    book = EndsBook()
    for second in range(3):
        book.ended(T0_NS + second * NS, 1006, "rst", "server", "a", age_s=10)
    book.ended(T0_NS, 1000, "close_frame", "client", "a", clean=True)
    most, other = book.groups
    assert (most.code, most.count, most.unclean, most.mean_age_s) == (1006, 3, 3, 10)
    assert (most.first_ns, most.last_ns) == (T0_NS, T0_NS + 2 * NS)
    assert most.seconds.recent(T0_NS // NS + 2, 4) == [0, 1, 1, 1]
    assert sum(most.minutes.recent(T0_NS // NS + 2, 2)) == 3
    assert (other.count, other.unclean, book.total) == (1, 0, 4)


def test_groups_are_bounded_and_none_is_lost() -> None:
    book = EndsBook()
    for number in range(5_000):
        book.ended(T0_NS, number, "close_frame", "server", f"host{number}")
    assert len(book.groups) <= 2 * ends.GROUPS_MAX + 1
    assert sum(group.count for group in book.groups) == 5_000


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 5)), max_size=40))
def test_a_ring_keeps_its_newest_buckets(steps: list[tuple[int, int]]) -> None:
    ring = Ring(10, 2)
    told: dict[int, int] = {}
    newest = 0
    for at_s, amount in steps:
        number = (1_000 + at_s) // 2
        newest = max(newest, number)
        if number > newest - 10:
            told[number] = told.get(number, 0) + amount
        ring.add(1_000 + at_s, amount)
    assert ring.recent(2 * newest, 10) == [
        told.get(number, 0) for number in range(newest - 9, newest + 1)
    ]


def come_back(book: EndsBook, start_s: int, each: list[int]) -> None:
    for second, count in enumerate(each):
        for number in range(count):
            book.opened(T0_NS + (start_s + second) * NS + number * 1000, "a")


def test_a_burst_after_ends() -> None:
    book = EndsBook()
    come_back(book, 0, [1] * 60)
    for number in range(40):
        book.ended(T0_NS + 60 * NS + number, 1006, "rst", "server", "a")
    come_back(book, 61, [30, 20, 8])
    (burst,) = book.bursts
    assert (burst.host, burst.count, burst.peak_per_s, burst.ends_before) == ("a", 58, 30, 40)
    assert burst.started_ns == T0_NS + 61 * NS
    come_back(book, 90, [1, 1])
    assert [one.count for one in book.bursts] == [58]
    come_back(book, 200, [BURST_COUNT])
    assert [one.count for one in book.bursts] == [BURST_COUNT, 58]


def test_steady_openings_and_first_ones_are_no_burst() -> None:
    book = EndsBook()
    come_back(book, 0, [40] + [3] * 30 + [6] * 60)
    assert book.bursts == []
