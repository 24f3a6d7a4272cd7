"""Views through the model: those of one size together, and what is made of each in its place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.engines.fast.ahead import Together
from actors.engines.fast.sides import Size
from actors.engines.fast.stages import Stages
from actors.engines.fast.views import Scorer, View
from actors.runtimes.contracts import Array, Floats
from tests.actors.fast.sessions import Stub


class Mean(Stub):
    """Gives each row its mean, everywhere."""

    def answer(self, batch: Floats) -> tuple[Array, ...]:
        mean = batch.mean(axis=(1, 2, 3), keepdims=True)
        return (np.broadcast_to(mean, (len(batch), 1, *batch.shape[2:])).copy(),)


def view(level: int, size: Size) -> View[float]:
    picture = np.full((size.height + 7, size.width, 3), level, np.uint8)
    return View(size, lambda: picture, lambda score_map: round(float(score_map.mean()), 3))


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.tuples(st.integers(0, 255), st.sampled_from([32, 64, 96])), max_size=12),
    st.sampled_from([(), (1,), (4, 2, 1)]),
    st.booleans(),
)
def test_each_view_gets_its_own_result(
    shapes: list[tuple[int, int]], row_counts: tuple[int, ...], ahead: bool
) -> None:
    views = [view(level, Size(64, side)) for level, side in shapes]
    session = Mean()
    hands = Together(2, Stages()) if ahead else None
    together = Scorer(session, 5 * 64 * 64, row_counts=row_counts, hands=hands).each(views)
    assert together == [Scorer(Mean(), 1).each([one])[0] for one in views]
    assert sum(shape[0] for shape in session.shapes) == len(views)
    for rows, _, height, width in session.shapes:
        assert rows == 1 or rows * height * width <= 5 * 64 * 64
        assert not row_counts or rows in row_counts
    if hands:
        hands.close()


def test_the_picture_is_normalised_as_the_model_was_trained() -> None:
    """Mean and deviation of a channel, which are those of its place (BGR)."""
    seen: list[Floats] = []

    class Seen(Mean):
        def answer(self, batch: Floats) -> tuple[Array, ...]:
            seen.append(batch.copy())
            return super().answer(batch)

    picture = np.full((32, 32, 3), (10, 100, 200), np.uint8)
    Scorer(Seen(), 1).each([View(Size(32, 32), lambda: picture, lambda score_map: score_map.shape)])
    expected = (np.array([10, 100, 200]) / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    assert seen[0][0, :, 5, 6] == pytest.approx(expected, abs=1e-5)
