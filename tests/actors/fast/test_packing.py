"""Packing: every crop once, in a batch whose width and size keep the rule; and stock's batches."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.engines.fast.packing import (
    ALONE,
    HEIGHT,
    WIDTHS,
    Batch,
    PackRule,
    Shape,
    nearest,
    pack,
    pack_alone,
    stock_batches,
)

LINES = st.lists(st.sampled_from(WIDTHS), max_size=60)
RULES = st.builds(
    PackRule,
    columns=st.integers(8, 50_000),
    row_counts=st.sampled_from([(), (16, 8, 4, 2, 1), (4, 1)]),
    made_up=st.booleans(),
)


@given(LINES, RULES)
def test_every_crop_is_in_one_batch_in_which_it_fits(widths: list[int], rule: PackRule) -> None:
    batches = list(pack(widths, rule))
    slots = [slot for batch in batches for slot in batch.slots]
    assert sorted(slot.crop for slot in slots) == list(range(len(widths)))
    assert all(slot.width == widths[slot.crop] for slot in slots)
    assert all(slot.width == batch.width for batch in batches for slot in batch.slots)
    assert [batch.width for batch in batches] == sorted(batch.width for batch in batches)


@given(st.lists(st.builds(Shape, st.integers(1, 300), st.integers(5, 90)), max_size=40), RULES)
def test_narrow_lines_have_room_beside_them(shapes: list[Shape], rule: PackRule) -> None:
    batches = list(pack_alone(shapes, rule))
    slots = {slot.crop: (slot.width, batch.width) for batch in batches for slot in batch.slots}
    assert sorted(slots) == list(range(len(shapes)))
    for crop, (width, room) in slots.items():
        assert room in WIDTHS
        assert room >= max(width, ALONE)
        assert width == min(math.ceil(HEIGHT * shapes[crop].ratio), WIDTHS[-1])


@given(LINES, RULES)
def test_a_batch_keeps_to_the_columns_unless_it_is_a_single_row(widths: list[int], rule: PackRule) -> None:
    for batch in pack(widths, rule):
        assert batch.slots
        rows = len(batch.slots) + batch.empty
        assert rows == 1 or rows * batch.width <= rule.columns
        assert not rule.row_counts or rows == 1 or rows in rule.row_counts


@given(st.floats(0.1, 9_000))
def test_a_picture_gets_the_width_that_is_nearest_by_ratio(wanted: float) -> None:
    got = nearest(wanted)
    assert min(max(wanted / width, width / wanted) for width in WIDTHS) == max(wanted / got, got / wanted)
    if WIDTHS[4] <= wanted <= WIDTHS[-1]:
        assert 7 / 8 < got / wanted < 8 / 7


def test_widths_are_what_the_network_takes() -> None:
    assert sorted(set(WIDTHS)) == list(WIDTHS)
    assert all(width % 8 == 0 for width in WIDTHS)
    assert max(WIDTHS) <= 3200


def test_where_a_new_shape_costs_time_only_some_numbers_of_rows_occur() -> None:
    rule = PackRule(columns=1024, row_counts=(8, 4, 1))
    assert [len(batch.slots) for batch in pack([128] * 14, rule)] == [8, 4, 1, 1]


def test_where_a_run_costs_more_than_empty_rows_batches_are_made_up() -> None:
    rule = PackRule(columns=32 * 128, row_counts=(64, 16, 8, 4, 1), made_up=True)
    batches = list(pack([128] * 39, rule))
    assert [(len(batch.slots), batch.empty) for batch in batches] == [(16, 0), (16, 0), (7, 1)]
    assert [(len(batch.slots), batch.empty) for batch in pack([3072] * 2, rule)] == [(1, 0), (1, 0)]


def test_a_width_for_which_all_numbers_of_rows_are_too_many_goes_in_single_rows() -> None:
    rule = PackRule(columns=1024, row_counts=(4,), made_up=True)
    batches = list(pack([320] * 3 + [256] * 5, rule))
    assert [(batch.width, len(batch.slots), batch.empty) for batch in batches] == [
        (256, 4, 0),
        (256, 1, 3),
        *[(320, 1, 0)] * 3,
    ]


SHAPES = st.lists(st.builds(Shape, st.integers(1, 4000), st.integers(1, 90)), max_size=30)


@given(SHAPES)
def test_stocks_batches_are_of_six_by_ratio_and_no_narrower_than_320(shapes: list[Shape]) -> None:
    batches = list(stock_batches(shapes))
    order = [slot.crop for batch in batches for slot in batch.slots]
    assert sorted(order) == list(range(len(shapes)))
    ratios = [shapes[index].ratio for index in order]
    assert ratios == sorted(ratios)
    assert [len(batch.slots) for batch in batches[:-1]] == [6] * (len(batches) - 1)
    for batch in batches:
        widest = max(shapes[slot.crop].ratio for slot in batch.slots)
        assert batch.width == min(3200, int(48 * max(320 / 48, widest)))


@settings(deadline=None, max_examples=20)
@given(st.lists(st.builds(Shape, st.integers(1, 1500), st.integers(1, 60)), min_size=1, max_size=6))
def test_a_stock_batch_has_the_widths_that_paddlex_resizes_and_pads_to(shapes: list[Shape]) -> None:
    processors = pytest.importorskip("paddlex.inference.models.text_recognition.processors")
    resize, stack = processors.OCRReisizeNormImg(), processors.ToBatch()
    batch: Batch
    (batch,) = stock_batches(shapes)
    white = [
        np.full((shapes[slot.crop].height, shapes[slot.crop].width, 3), 255, np.uint8) for slot in batch.slots
    ]
    (theirs,) = stack(resize(white))
    assert theirs.shape == (len(shapes), 3, 48, batch.width)
    for row, slot in zip(theirs, batch.slots, strict=True):
        assert int((row[0, 0] != 0).sum()) == slot.width
        assert slot.width <= math.ceil(48 * shapes[slot.crop].ratio)
