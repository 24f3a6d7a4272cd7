"""Recognition: pictures of lines in, their texts out; lines of all pages of a batch go together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from actors.engines.fast.ahead import Hands, InTurn
from actors.engines.fast.ctc import STEP, Reading, collapse
from actors.engines.fast.doubt import NO_DOUBT, DoubtRule
from actors.engines.fast.formulas import looks_like_formula
from actors.engines.fast.packing import (
    HEIGHT,
    TRIMMED,
    TRIMMED_FROM,
    WIDTHS,
    Batch,
    PackRule,
    Shape,
    nearest,
    pack,
    pack_alone,
    stock_batches,
)
from actors.engines.fast.reread import Widths, look_again
from actors.engines.fast.stages import Stages
from actors.engines.fast.tighten import ready_line
from actors.engines.fast.wide import cut_places
from actors.runtimes.contracts import Array, Floats
from actors.runtimes.host_memory import Inputs, Plain

if TYPE_CHECKING:
    from actors.contracts import Image
    from actors.runtimes.contracts import Session

    Decode = Callable[[Sequence[Array]], Iterator[Reading]]

WIDEST = WIDTHS[-1]
"""Most pixels of width in one pass; stock takes 3,200."""

_CROWDED, _CROWDED_SCORE = 0.7, 0.98
"""Characters to a step from which a squeezed line is so dense that it must score as high to be trusted."""

_AGAIN = Widths(lines=1.0, words=1.0, numbers=(0.85, 1.0))
"""Widths of the looks at what is doubtful."""


@dataclass(frozen=True, slots=True)
class ReadRule:
    """How lines are read.

    `squeeze`: width of a line's picture over what its height asks for, but for the rounding to WIDTHS.
    `second_look`: lines that score below, crowded ones that are not sure, and those with signs of formulas
    are read again unsqueezed; 0 for never.
    `trim`: whether the model gets the middle rows only of wide pictures. `tighten`: whether rows that a loose
    box adds are cut off, and room is added at a line's ends. `doubt`: which parts of a squeezed
    line are read again, where the line as a whole is not.
    """

    squeeze: float
    second_look: float
    pack: PackRule
    trim: bool = False
    tighten: bool = False
    doubt: DoubtRule = NO_DOUBT

    def rows(self, width: int) -> int:
        """Rows of a picture of this width that the model gets."""
        return TRIMMED if self.trim and width >= TRIMMED_FROM else HEIGHT


class Recogniser:
    """Reads lines. `decode`: what turns the session's outputs into readings (see `decoder`); `hands`: who
    does the work around the model."""

    def __init__(
        self,
        session: Session,
        decode: Decode,
        rule: ReadRule,
        *,
        hands: Hands | None = None,
        stages: Stages | None = None,
        inputs: Inputs | None = None,
    ) -> None:
        self._session = session
        self._decode = decode
        self._rule = rule
        self._hands = hands or InTurn()
        self._stages = stages or Stages()
        self._inputs = inputs or Plain()

    def read(self, lines: Sequence[Image]) -> list[Reading]:
        """What each line (H×W×3 uint8 BGR, any size) says; in order."""
        if not self._rule.tighten:
            return self._read(lines)
        with self._stages.count("crops"):
            ready = [ready_line(line) for line in lines]
        readings = self._read([one.image for one in ready])
        return [one.in_line(reading) for one, reading in zip(ready, readings, strict=True)]

    def _read(self, lines: Sequence[Image]) -> list[Reading]:
        readings = self._look(lines, self._rule.squeeze)
        if not self._rule.second_look:
            return readings
        whole = [index for index, line in enumerate(lines) if self._is_doubtful(line, readings[index])]
        return look_again(lines, readings, whole, self._rule.doubt, _AGAIN, self._look)

    def read_as_stock(self, lines: Sequence[Image]) -> list[Reading]:
        """The same for the lines of one page, in the batches and with the padding of stock."""
        shapes = [Shape(line.shape[1], line.shape[0]) for line in lines]
        return self._run(lines, stock_batches(shapes))

    def read_alone(self, lines: Sequence[Image]) -> list[Reading]:
        """What each line of a few characters (H×W×3 uint8 BGR) says, at its full width and with nothing
        beside it: a picture of ALONE columns is the least that the model knows."""
        return self._run(
            lines, pack_alone([Shape(line.shape[1], line.shape[0]) for line in lines], self._rule.pack)
        )

    def _is_doubtful(self, line: Image, reading: Reading) -> bool:
        if self._rule.squeeze >= 1.0:
            return False
        if reading.score < self._rule.second_look or _longest(line, self._rule.squeeze) < line.shape[1]:
            return True  # the score of a line of hundreds of letters says nothing about one
        if looks_like_formula(reading.text):
            return True  # what is small in it, indices and exponents, is lost without lowering the score
        steps = strip_width(line, self._rule.squeeze) / STEP
        return reading.score < _CROWDED_SCORE and len(reading.text) > _CROWDED * steps

    def _look(self, lines: Sequence[Image], squeeze: float) -> list[Reading]:
        pieces, joints = _pieces(lines, squeeze)
        widths = [strip_width(piece, squeeze) for piece in pieces]
        read = self._run(pieces, pack(widths, self._rule.pack))
        return list(_join(read, joints, [piece.shape[1] for piece in pieces]))

    def _run(self, lines: Sequence[Image], batches: Iterable[Batch]) -> list[Reading]:
        readings = [Reading("", 0.0)] * len(lines)
        packed = list(batches)
        steps = _Recognition(self._session, self._decode, lines, self._rule, self._stages, self._inputs)
        for batch, found in zip(packed, self._hands.work(steps, packed), strict=True):
            for slot, reading in zip(batch.slots, found, strict=True):
                readings[slot.crop] = reading
        return readings


@dataclass(frozen=True, slots=True)
class _Recognition:
    """See Steps."""

    session: Session
    decode: Decode
    lines: Sequence[Image]
    rule: ReadRule
    stages: Stages
    inputs: Inputs

    def rows(self, batch: Batch) -> int:
        return len(batch.slots)

    def begin(self, batch: Batch) -> Floats:
        """N×3×H×W float32, 0 where a line is padded, and in empty rows."""
        strips = self.inputs.take(
            (len(batch.slots) + batch.empty, 3, self.rule.rows(batch.width), batch.width)
        )
        strips[len(batch.slots) :] = 0  # the rest is written where there is time for it: in `fill`
        return strips

    def fill(self, batch: Batch, rows: slice, target: Floats) -> None:
        with self.stages.count("strips"):
            for strip, slot in zip(target, batch.slots[rows], strict=True):
                _normalise(self.lines[slot.crop], slot.width, strip)

    def run(self, batch: Floats) -> Sequence[Array]:
        with self.stages.count("recognition"):
            outputs = self.session.run(batch)
        self.inputs.give_back(batch)
        return outputs

    def finish(self, batch: Batch, rows: slice, outputs: Sequence[Array]) -> list[Reading]:
        with self.stages.count("decode"):
            read = zip(batch.slots[rows], self.decode(outputs), strict=True)
            return [_placed(reading, slot.width) for slot, reading in read]


def decoder(head: str, characters: Sequence[str], kept: Sequence[int] | None) -> Decode:
    """Turns a session's outputs into readings. `head`, `characters` and `kept` as in Prepared."""

    def best(outputs: Sequence[Array]) -> Iterator[Reading]:
        for classes, scores in zip(outputs[0], outputs[1], strict=True):
            yield collapse(classes, scores, characters)

    def all_scores(outputs: Sequence[Array]) -> Iterator[Reading]:
        for line in outputs[0]:
            of_kept = line if kept is None else line[:, kept]
            classes = of_kept.argmax(axis=1)
            named = characters if kept is None else [characters[index] for index in kept]
            yield collapse(classes, of_kept.max(axis=1), named)

    def all_logits(outputs: Sequence[Array]) -> Iterator[Reading]:
        for line in outputs[0]:
            yield _from_logits(line, characters)

    return {"best": best, "blocks": best, "softmax": all_scores, "logits": all_logits}[head]


def _from_logits(logits: Floats, characters: Sequence[str]) -> Reading:
    """The softmax is worked out for the best class of each step, and one by one: the 18,710 logits of a step
    stay in the processor's cache. OpenCV's exp takes half the time of numpy's."""
    import cv2
    import numpy as np

    classes = logits.argmax(axis=1)
    row = np.empty((1, logits.shape[1]), np.float32)
    scores = np.empty(len(classes), np.float32)
    for step, best in enumerate(classes.tolist()):
        np.subtract(logits[step], logits[step, best], out=row[0])
        scores[step] = 1.0 / float(np.add.reduce(cv2.exp(row, row)[0]))
    return collapse(classes, scores, characters)


def _placed(reading: Reading, width: int) -> Reading:
    """With the places of its characters; `width`: of the line's picture, without its padding."""
    return replace(reading, places=tuple(min(1.0, (step + 0.5) * STEP / width) for step in reading.steps))


def strip_width(line: Image, squeeze: float) -> int:
    """Pixels of width of a line's picture at the model's height."""
    return nearest(HEIGHT * squeeze * line.shape[1] / line.shape[0])


def _normalise(line: Image, width: int, target: Floats) -> None:
    """Write the middle rows of a line's picture, resized to `width` pixels, into `target` (3×H×W, H at most
    48): -1..1, and 0 beside it."""
    import cv2
    import numpy as np

    # For each of the 256 values the very number that stock's three steps give: (x / 255 - 0.5) / 0.5.
    above = (HEIGHT - target.shape[1]) // 2
    picture = cv2.resize(line, (width, HEIGHT))[above : above + target.shape[1]] / np.float32(127.5)
    picture -= np.float32(1)
    cv2.split(picture, [plane[:, :width] for plane in target])
    target[:, :, width:] = 0


def _pieces(lines: Sequence[Image], squeeze: float) -> tuple[list[Image], list[list[bool]]]:
    """Lines cut into pieces that fit the model; and for each line, whether a gap of words follows a piece."""
    pieces: list[Image] = []
    joints: list[list[bool]] = []
    for line in lines:
        places = cut_places(line, _longest(line, squeeze))
        edges = [0, *(place for place, _ in places), line.shape[1]]
        pieces += [line[:, left:right] for left, right in pairwise(edges)]
        joints.append([is_gap for _, is_gap in places])
    return pieces, joints


def _longest(line: Image, squeeze: float) -> int:
    """Pixels of a line's width that go through the model at once."""
    return int(WIDEST * line.shape[0] / (HEIGHT * squeeze))


def _join(
    readings: Sequence[Reading], joints: Sequence[Sequence[bool]], widths: Sequence[int]
) -> Iterator[Reading]:
    """Readings of lines from those of their pieces, whose pictures have these widths."""
    start = 0
    for gaps in joints:
        parts = readings[start : start + len(gaps) + 1]
        spread = widths[start : start + len(gaps) + 1]
        start += len(gaps) + 1
        yield _joined(parts, gaps, spread) if gaps else parts[0]


def _joined(parts: Sequence[Reading], gaps: Sequence[bool], widths: Sequence[int]) -> Reading:
    """A line's reading from those of its pieces: what is between two of them is as sure as their ends are."""
    whole = sum(widths)
    text, left, sure = "", 0, 1.0
    places: list[float] = []
    scores: list[float] = []
    between: list[float] = []
    for part, is_gap, width in zip(parts, (False, *gaps), widths, strict=True):
        first, *rest = part.gaps or (1.0,)
        if is_gap and text and part.text:
            text += " "
            places.append(left / whole)
            scores.append(1.0)
            between.append(sure)
            sure = 1.0
        text += part.text
        places += [(left + place * width) / whole for place in part.places]
        scores += part.scores
        between += [sure * first, *rest[:-1]] if part.text else []
        sure = rest[-1] if rest else sure
        left += width
    letters = sum(len(part.text) for part in parts)
    score = sum(part.score * len(part.text) for part in parts) / letters if letters else 0.0
    if not len(places) == len(scores) == len(text):
        return Reading(text, score)
    return Reading(text, score, places=tuple(places), scores=tuple(scores), gaps=(*between, sure))
