"""Views of pages through detection's model: those of one size go together, whatever pages they are of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from actors.engines.fast.ahead import Hands, InTurn
from actors.engines.fast.packing import portions
from actors.engines.fast.sides import Size
from actors.engines.fast.stages import Stages
from actors.runtimes.contracts import Array, Floats
from actors.runtimes.host_memory import Inputs, Plain

if TYPE_CHECKING:
    from actors.contracts import Image
    from actors.runtimes.contracts import Session

T = TypeVar("T")

_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)
"""Of the channels in the order of the picture, which is BGR (PaddleX text_detection: NormalizeImage)."""


@dataclass(frozen=True, slots=True)
class View(Generic[T]):
    """What the model sees at once: a page, or a part of one.

    `picture`: gives it (H×W×3 uint8 BGR), at any size; `size`: at which the model gets it; `finish`: what is
    made of its score map (H×W float32 in 0..1). Both may be called in any thread, once.
    """

    size: Size
    picture: Callable[[], Image]
    finish: Callable[[Floats], T]


@dataclass(frozen=True, slots=True)
class Group:
    """Views, by their indexes, that go through the model together, at one size."""

    size: Size
    views: tuple[int, ...]


class Scorer:
    """Runs views through a session. `pixels`: most pixels that run together; `row_counts`: the numbers of
    views that may be, largest first (empty: any), where each new shape costs the runtime something; `hands`:
    who does the work around the model; `inputs`: where its input is written."""

    def __init__(
        self,
        session: Session,
        pixels: int,
        *,
        row_counts: tuple[int, ...] = (),
        hands: Hands | None = None,
        stages: Stages | None = None,
        inputs: Inputs | None = None,
    ) -> None:
        self._session = session
        self._pixels = pixels
        self._row_counts = row_counts
        self.hands = hands or InTurn()
        self.stages = stages or Stages()
        self._inputs = inputs or Plain()

    def each(self, views: Sequence[View[T]]) -> list[T]:
        """What is made of each view, in order."""
        groups = _groups([view.size for view in views], self._pixels, self._row_counts)
        steps = _Scoring(self._session, views, self.stages, self._inputs)
        found = dict[int, T]()
        for group, results in zip(groups, self.hands.work(steps, groups), strict=True):
            found |= zip(group.views, results, strict=True)
        return [found[index] for index in range(len(views))]


@dataclass(frozen=True, slots=True)
class _Scoring(Generic[T]):
    """See Steps."""

    session: Session
    views: Sequence[View[T]]
    stages: Stages
    inputs: Inputs

    def rows(self, batch: Group) -> int:
        return len(batch.views)

    def begin(self, batch: Group) -> Floats:
        return self.inputs.take((len(batch.views), 3, batch.size.height, batch.size.width))

    def fill(self, batch: Group, rows: slice, target: Floats) -> None:
        with self.stages.count("prepare"):
            for row, index in zip(target, batch.views[rows], strict=True):
                _normalise(self.views[index].picture(), batch.size, row)

    def run(self, batch: Floats) -> Sequence[Array]:
        with self.stages.count("detection"):
            outputs = self.session.run(batch)
        self.inputs.give_back(batch)
        return outputs

    def finish(self, batch: Group, rows: slice, outputs: Sequence[Array]) -> list[T]:
        return [
            self.views[index].finish(score_map)
            for index, score_map in zip(batch.views[rows], outputs[0][:, 0], strict=True)
        ]


def _groups(sizes: Sequence[Size], pixels: int, row_counts: Sequence[int]) -> list[Group]:
    by_size: dict[Size, list[int]] = {}
    for index, size in enumerate(sizes):
        by_size.setdefault(size, []).append(index)
    groups = []
    for size, members in by_size.items():
        most = max(1, pixels // size.pixels)
        groups += [Group(size, tuple(members[rows])) for rows in portions(len(members), most, row_counts)]
    return groups


def _normalise(picture: Image, size: Size, target: Floats) -> None:
    """Write the resized picture into `target` (3×H×W), a plane a channel."""
    import cv2
    import numpy as np

    if picture.shape[:2] != (size.height, size.width):
        picture = cv2.resize(picture, (size.width, size.height))
    for plane, channel, mean, std in zip(target, cv2.split(picture), _MEAN, _STD, strict=True):
        np.multiply(channel, np.float32(1 / 255 / std), out=plane, casting="unsafe")
        np.subtract(plane, np.float32(mean / std), out=plane)
