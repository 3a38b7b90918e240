"""Garbage is searched for rarely while a month runs, and afterwards as before."""

import gc

import pytest

from flows.collecting import RARELY, rarely_collected


def test_garbage_is_searched_for_rarely_and_what_there_is_is_left_out():
    """While the block lasts."""
    before = gc.get_threshold()
    with rarely_collected():
        assert gc.get_threshold() == RARELY != before
        assert gc.get_freeze_count() > 0


def fail_inside():
    """A run that ends in the middle."""
    with rarely_collected():
        raise RuntimeError


def test_what_was_set_before_is_set_again_when_the_block_fails():
    """Nothing stays left out of the search."""
    before = gc.get_threshold()
    with pytest.raises(RuntimeError):
        fail_inside()
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
