"""The values with which the fast engine works: stock's in `compat`, else what was measured to be best.

docs/fast-engine.md has the tables, and the command that makes them (`benchmarks/compare.py --fast ...`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from actors.engines.fast.boxes import MAX_CANDIDATES, BoxRule
from actors.engines.fast.doubt import DoubtRule
from actors.engines.fast.packing import PackRule
from actors.engines.fast.recognition import ReadRule
from actors.engines.fast.scores import ScoreRule
from actors.engines.fast.sides import GlyphRule, LimitRule, SideRule, TileRule
from actors.models.catalogue import find_model
from actors.settings import EngineConfig

STOCK_SIDE = 64
STOCK_BOXES = BoxRule(0.3, 0.6, 1.5, whole_pixels=True, max_candidates=MAX_CANDIDATES)
"""PaddleX configs/pipelines/OCR.yaml: limit_side_len, thresh, box_thresh, unclip_ratio."""

_BOXES = BoxRule(0.3, 0.5, 1.6, whole_pixels=False, max_candidates=3000)
_TILES = TileRule(small=0.74, pixels=1 << 20, overlap=128, most_pixels=64 << 20, largest=150)
_GLYPH = GlyphRule(glyph=9.5, least=640, most=1600, unknown=960, enlarge=1.25, step=64, tiles=_TILES)
_SQUEEZE = 0.7
_INT8_SQUEEZE = 0.8
"""int8 needs more of a line's picture: at 0.7 it loses 0.012 of receipts' F1, at 0.8 0.001."""

_SECOND_LOOK = 0.9
_DOUBT = DoubtRule(number=0.88, word=0.73)
"""With these a quarter of the numbers and a twentieth of the words of real pages are read again. Of 221
misread numbers of rendered sheets that a second look reads right 11 are not doubted; of 57 such words one."""

_SCORES = ScoreRule(thresh=0.75, of_median=0.7, least_lines=24)


_CARD_LINES = PackRule(64 * 640, row_counts=(64, 48, 32, 24, 16, 8, 4, 1), made_up=True)
"""How lines go through a card: in few numbers of rows."""

_FEW_SHAPES = PackRule(1024, row_counts=(4, 1))
"""For a runtime that builds kernels for each new shape: one line, or four narrow ones, since a single one has
little to do for each weight that is read. Not made up with empty rows, which would be a third of the columns
where pages come one by one, and would calibrate int8 on nothing."""


@dataclass(frozen=True, slots=True)
class Pace:
    """What suits the runtime and the device, and changes no text but by rounding.

    `det_pixels`: most pixels of pages detected at once; `rec`: how lines are packed; `det_row_counts`: how
    many pages may be detected at once, largest first (empty: any number).
    """

    det_pixels: int
    rec: PackRule
    det_row_counts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class FastOptions:
    """Everything that the fast engine's steps need to know."""

    sides: SideRule
    boxes: BoxRule
    read: ReadRule
    det_pixels: int
    det_row_counts: tuple[int, ...]
    scores: ScoreRule
    compat: bool
    words: bool


def pace_of(runtime: str, device: str) -> Pace:
    """On a CPU small batches stay in its cache; a card wants large ones, though not of all pages of a call:
    the host works on some while the card looks at others. OpenVINO builds some hundred kernels for each new
    shape: there are few for it."""
    if device == "gpu":
        return Pace(4 << 20, _CARD_LINES, det_row_counts=(8, 4, 2, 1))
    if runtime == "openvino":
        return Pace(1 << 20, _FEW_SHAPES, det_row_counts=(1,))
    return Pace(1 << 20, PackRule(640))


def options_of(config: EngineConfig, pace: Pace) -> FastOptions:
    """The options for a configuration: what it leaves open is the default of its mode."""
    compat = config.compat
    base = STOCK_BOXES if compat else _BOXES
    boxes = BoxRule(
        config.det_thresh or base.thresh,
        config.det_box_thresh or base.box_thresh,
        config.det_unclip_ratio or base.unclip_ratio,
        base.whole_pixels,
        base.max_candidates,
    )
    default = _INT8_SQUEEZE if config.precision == "int8" else _SQUEEZE
    squeeze = 1.0 if compat else _or(config.rec_squeeze, default)
    return FastOptions(
        sides=_sides(config),
        boxes=boxes,
        read=ReadRule(
            squeeze,
            _or(config.rec_second_look, _SECOND_LOOK),
            pace.rec,
            trim=not (compat or _keeps_its_graph(config)),
            tighten=not compat,
            doubt=_DOUBT,
        ),
        det_pixels=pace.det_pixels,
        det_row_counts=pace.det_row_counts,
        scores=_scores(config),
        compat=compat,
        words=config.words,
    )


def _keeps_its_graph(config: EngineConfig) -> bool:
    """The graph of a model in paddle format says how high its input is, and is not changed."""
    return find_model(config.model).format != "onnx"


def _sides(config: EngineConfig) -> SideRule:
    if config.compat or config.det_limit_side is not None:
        return LimitRule(config.det_limit_side or STOCK_SIDE, config.det_limit_type)
    return replace(_GLYPH, glyph=_or(config.det_glyph, _GLYPH.glyph))


def _scores(config: EngineConfig) -> ScoreRule:
    if config.rec_score_thresh is not None:
        return ScoreRule(config.rec_score_thresh)
    return ScoreRule(0.0) if config.compat else _SCORES


def _or(value: float | None, default: float) -> float:
    return default if value is None else value
