import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import cv2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestats._util.threads import grouped, map_ahead, opencv_threads, read_ahead


def test_results_come_in_order_whatever_takes_longest():
    def work(number):
        time.sleep(0.02 if number == 0 else 0)
        return number * number

    with ThreadPoolExecutor(3) as pool:
        assert list(map_ahead(range(20), work, pool, 5)) == [(i, i * i) for i in range(20)]


def test_errors_of_the_work_reach_the_reader_at_their_item():
    with ThreadPoolExecutor(2) as pool:
        results = map_ahead([4, 2, 0, 1], lambda number: 8 // number, pool, 2)
        assert [next(results), next(results)] == [(4, 2), (2, 4)]
        with pytest.raises(ZeroDivisionError):
            next(results)


def test_an_interrupt_comes_after_what_was_read():
    def interrupted():
        yield from range(5)
        raise KeyboardInterrupt

    seen = []
    with ThreadPoolExecutor(2) as pool, pytest.raises(KeyboardInterrupt):
        seen.extend(item for item, _ in map_ahead(interrupted(), str, pool, 3))
    assert seen == list(range(5))


@pytest.mark.parametrize("ahead", [1, 3, 50])
def test_reading_ahead_changes_neither_items_nor_order(ahead):
    assert list(read_ahead(iter(range(20)), ahead)) == list(range(20))


def test_reading_happens_in_one_other_thread_and_not_too_far_ahead():
    threads, read = set(), []

    def items():
        for i in range(30):
            threads.add(threading.get_ident())
            read.append(i)
            yield i

    for i in read_ahead(items(), 3):
        time.sleep(0.001)
        assert len(read) <= i + 6
    assert len(threads) == 1
    assert threads != {threading.get_ident()}


def test_errors_come_out_after_the_items_before_them():
    def items():
        yield 1
        raise OSError("cut off")

    reader = read_ahead(items(), 4)
    assert next(reader) == 1
    with pytest.raises(OSError, match="cut off"):
        next(reader)


def test_closing_half_way_ends_the_thread_and_closes_what_it_read():
    closed = []

    def items():
        try:
            yield from range(1000)
        finally:
            closed.append(True)

    before = threading.active_count()
    reader = read_ahead(items(), 2)
    assert next(reader) == 0
    reader.close()
    assert closed == [True]
    assert threading.active_count() == before


def test_opencv_gets_its_threads_back():
    before = cv2.getNumThreads()

    @opencv_threads(1)
    def fail():
        assert cv2.getNumThreads() == 1
        raise ValueError

    with pytest.raises(ValueError):
        fail()
    assert cv2.getNumThreads() == before


@given(st.lists(st.integers(0, 2)), st.integers(1, 4))
def test_groups_hold_all_in_order_and_only_what_is_alike(items, most):
    groups = list(grouped(items, most, lambda item: item))
    assert [item for group in groups for item in group] == items
    assert all(1 <= len(group) <= most and len(set(group)) == 1 for group in groups)
    for before, after in itertools.pairwise(groups):
        assert before[0] != after[0] or len(before) == most


def test_each_item_is_looked_at_once_to_group_it():
    asked = []
    assert list(grouped("aab", 5, lambda item: asked.append(item) or item)) == [["a", "a"], ["b"]]
    assert asked == ["a", "a", "b"]


def test_what_comes_one_by_one_waits_for_nothing():
    def endless():
        yield 1
        raise AssertionError("asked for more than was wanted")

    assert next(grouped(endless(), 1)) == [1]


def test_an_interrupt_comes_after_the_group_that_was_begun():
    def interrupted():
        yield from range(5)
        raise KeyboardInterrupt

    groups = grouped(interrupted(), 3)
    assert [next(groups), next(groups)] == [[0, 1, 2], [3, 4]]
    with pytest.raises(KeyboardInterrupt):
        next(groups)
