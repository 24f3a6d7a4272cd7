"""Packing: every crop once, in a batch whose width and size keep the rule; and stock's batches."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.engines.fast.packing import Batch, PackRule, Shape, pack, stock_batches

WIDTHS = st.lists(st.integers(8, 3200), max_size=60)
RULES = st.builds(
    PackRule,
    step=st.sampled_from([8, 16, 32, 64]),
    least=st.sampled_from([8, 16, 32, 320]),
    columns=st.integers(8, 50_000),
    row_counts=st.sampled_from([(), (16, 8, 4, 2, 1), (4, 1)]),
    made_up=st.booleans(),
)


@given(WIDTHS, RULES)
def test_every_crop_is_in_one_batch_in_which_it_fits(widths: list[int], rule: PackRule) -> None:
    batches = list(pack(widths, rule))
    slots = [slot for batch in batches for slot in batch.slots]
    assert sorted(slot.crop for slot in slots) == list(range(len(widths)))
    assert all(slot.width == widths[slot.crop] for slot in slots)
    assert all(slot.width <= batch.width for batch in batches for slot in batch.slots)
    assert [batch.width for batch in batches] == sorted(batch.width for batch in batches)


@given(WIDTHS, RULES)
def test_a_batch_keeps_to_the_columns_unless_it_is_a_single_row(widths: list[int], rule: PackRule) -> None:
    for batch in pack(widths, rule):
        assert batch.slots
        rows = len(batch.slots) + batch.empty
        assert rows == 1 or rows * batch.width <= rule.columns
        assert not rule.row_counts or rows in rule.row_counts


@given(WIDTHS, RULES, st.randoms(use_true_random=False))
def test_padding_depends_on_the_crop_alone(widths: list[int], rule: PackRule, random: object) -> None:
    def padded(of: list[int]) -> dict[int, int]:
        return {slot.width: batch.width for batch in pack(of, rule) for slot in batch.slots}

    together = padded(widths)
    for width, wide in together.items():
        assert padded([width]) == {width: wide}
        assert wide >= rule.least
        assert wide == rule.least or wide - width < rule.step
        assert wide == rule.least or wide % rule.step == 0


def test_where_a_new_shape_costs_time_only_some_numbers_of_rows_occur() -> None:
    rule = PackRule(step=32, least=32, columns=3200, row_counts=(8, 4, 1))
    assert [len(batch.slots) for batch in pack([100] * 14, rule)] == [8, 4, 1, 1]


def test_where_a_run_costs_more_than_empty_rows_batches_are_made_up() -> None:
    rule = PackRule(step=32, least=32, columns=32 * 128, row_counts=(64, 16, 8, 4, 1), made_up=True)
    batches = list(pack([100] * 39, rule))
    assert [(len(batch.slots), batch.empty) for batch in batches] == [(16, 0), (16, 0), (7, 1)]
    assert [(len(batch.slots), batch.empty) for batch in pack([4_000] * 2, rule)] == [(1, 0), (1, 0)]


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
