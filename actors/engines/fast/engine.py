"""The fast engine: PaddleOCR's models with a scheduling of their own. Needs neither PaddleOCR nor PaddleX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import util
from typing import TYPE_CHECKING, Literal

from actors.contracts import EngineInfo, Image, Line, PageResult
from actors.engines.fast import bounds, classifier, int8, page_classifier, page_notices, seals
from actors.engines.fast.ahead import DEPTH, Hands, hands_for
from actors.engines.fast.card_parts import card_parts
from actors.engines.fast.crops import Crop, cut
from actors.engines.fast.ctc import Reading
from actors.engines.fast.describe import choose, describe, device_of, judges, page_judge
from actors.engines.fast.detection import Detector
from actors.engines.fast.keeping import dropped_scores, kept_lines
from actors.engines.fast.line_turner import LineTurner
from actors.engines.fast.options import Pace, options_of, pace_of
from actors.engines.fast.orientation import UPRIGHT, Lie, PageTurner, looks_turned, turn
from actors.engines.fast.page_text import PageText
from actors.engines.fast.page_times import PageTimes, columns, pixels
from actors.engines.fast.prepared import Head, Prepared, prepare_detection, prepare_recognition
from actors.engines.fast.recognition import Recogniser, decoder
from actors.engines.fast.refine import refined
from actors.engines.fast.stages import Stages
from actors.engines.fast.tighten import fitted
from actors.engines.fast.views import Scorer
from actors.engines.fast.warm_up import Input, line_inputs, page_inputs, warm_up
from actors.engines.fast.words import words_of
from actors.errors import ConfigError
from actors.models.cache import ModelFiles, ModelStore
from actors.runtimes import load
from actors.runtimes.choose import RuntimeChoice
from actors.runtimes.contracts import Floats, Placement, Weights
from actors.runtimes.host_memory import inputs_for
from actors.runtimes.memory import allocation_failures
from actors.settings import EngineConfig, ModelsConfig

if TYPE_CHECKING:
    from actors.runtimes.contracts import Session

    Around = Callable[[Literal["det", "rec"], Session], Session]


class FastEngine:
    """See OcrEngine. Not thread-safe: its sessions belong to the thread that works with them.

    `calibrated`: the int8 model, where it is not the one of the cache; `around`: gives a session that stands
    between the engine and a model's own, to see or time what goes through; `hands`: who does the host's
    work, and `pace`: the sizes of what models get, where they are not what suits the device. `stages` has
    the seconds that its calls took, `warm_up_s` those of setting up for usual shapes at the start.
    """

    def __init__(
        self,
        config: EngineConfig,
        models: ModelsConfig,
        gpu_memory_mb: int | None = None,
        *,
        calibrated: int8.Calibrated | None = None,
        around: Around = lambda part, session: session,
        hands: Callable[[Stages], Hands] | None = None,
        pace: Pace | None = None,
    ) -> None:
        _check_opencv()
        choice = choose(config)
        store = ModelStore(models)
        files = store.ensure(config.model)
        pace = pace or pace_of(choice.runtime, device_of(config))
        self._info = describe(config, models, calibrated, pace)
        self._options = options_of(config, pace)
        detection, prepared = _loadable(config, choice, files, store, calibrated)
        placement = _placement(config, choice, gpu_memory_mb, store)
        det = replace(placement, shapes=bounds.detection(self._options))
        lines = bounds.recognition(self._options)
        rec = replace(placement, shapes=lines, cuda_graphs=config.cuda_graphs)
        parts = card_parts(judges(config))
        self._sessions: tuple[Session, ...] = (
            around("det", load(choice.runtime, detection, _placed(det, detection, parts["det"]))),
            around("rec", load(choice.runtime, prepared.weights, replace(rec, gpu_part=parts["rec"]))),
        )
        self.stages = Stages()
        self._hands = (
            hands(self.stages) if hands else hands_for(device_of(config), config.threads or 1, self.stages)
        )
        self._inputs = inputs_for(device_of(config), choice.runtime, DEPTH + 1)
        self._knows = page_notices.knowledge_of(prepared.read_characters)
        self._detector, self._recogniser = self._parts(prepared)
        self._page_turner = self._turner_of_pages(config, choice, store, placement)
        self._line_turner = self._turner_of_lines(config, choice, store, placement)
        warms_up = device_of(config) == "gpu" if config.warm_up is None else config.warm_up
        self.warm_up_s = self._warm_up(config) if warms_up else 0.0

    @property
    def info(self) -> EngineInfo:
        """See OcrEngine."""
        return self._info

    def recognize(self, pages: Sequence[Image]) -> list[PageResult]:
        """See OcrEngine. Raises MemoryError if the batch does not fit: ask with fewer pages."""
        with allocation_failures(), self.stages.count("total"):  # OpenCV's failures, too
            return self._recognise(pages)

    def _recognise(self, pages: Sequence[Image]) -> list[PageResult]:
        times = PageTimes(len(pages))
        cut_out = self._cut_out_all(self._hands.map(self._bgr, pages))
        times.count(pixels(pages))
        crops = [[*one.crops, *one.of_seals] for one in cut_out]
        read = self._read(crops)
        times.count(columns(crops))
        refined = []
        for index, (one, readings) in enumerate(zip(cut_out, read, strict=True)):
            refined.append(self._refined(one, readings))
            times.count_for(index)
        texts = list(self._hands.map(self._text, refined))
        times.count([len(page.lines) for page in texts])
        results = []
        for index, (one, these, page) in enumerate(zip(cut_out, refined, texts, strict=True)):
            said = self._notices(one.lie, *these)
            results.append(page.result(one.lie.rotation, said, self._recogniser.read))
            times.count_for(index)
        return [replace(result, took_ms=took) for result, took in zip(results, times.ms, strict=True)]

    def release(self) -> None:
        """See OcrEngine."""
        for session in self._sessions:
            session.release()
        self._inputs.release()

    def close(self) -> None:
        """See OcrEngine."""
        self._hands.close()
        del self._sessions, self._detector, self._recogniser, self._page_turner, self._line_turner

    def _parts(self, prepared: Prepared) -> tuple[Detector, Recogniser]:
        options = self._options
        det, rec = self._sessions[:2]
        decode = decoder(prepared.head, prepared.characters, prepared.kept)
        hands, stages, inputs = self._hands, self.stages, self._inputs
        scorer = Scorer(
            det,
            options.det_pixels,
            row_counts=options.det_row_counts,
            hands=hands,
            stages=stages,
            inputs=inputs,
        )
        return (
            Detector(scorer, options.sides, options.boxes),
            Recogniser(rec, decode, options.read, hands=hands, stages=stages, inputs=inputs),
        )

    def _turner_of_pages(
        self, config: EngineConfig, choice: RuntimeChoice, store: ModelStore, placement: Placement
    ) -> PageTurner | None:
        if not config.turns_pages:
            return None
        runtime = page_judge(config)
        if runtime is None:
            return PageTurner(None, self._recogniser.read)
        weights = Weights("onnx", (store.ensure(page_classifier.MODEL).path(page_classifier.FILE),))
        placed = page_classifier.placed(placement, choice.runtime, card_parts(judges(config))["page"])
        session = load(runtime, weights, placed)
        self._sessions += (session,)
        judge = page_classifier.PageClassifier(session, self.stages)
        return PageTurner(judge.look, self._recogniser.read)

    def _turner_of_lines(
        self, config: EngineConfig, choice: RuntimeChoice, store: ModelStore, placement: Placement
    ) -> LineTurner | None:
        if not config.line_orientation:
            return None
        weights = Weights("onnx", (store.ensure(classifier.MODEL).path("cls.onnx"),))
        placed = _placed(placement, weights, card_parts(judges(config))["cls"])
        session = load(choice.runtime, weights, replace(placed, shapes=classifier.SHAPES))
        self._sessions += (session,)
        return LineTurner(classifier.LineClassifier(session), self._recogniser.read)

    def _warm_up(self, config: EngineConfig) -> float:
        """Seconds it took."""
        of_judges: dict[str, tuple[str, Sequence[Input]]] = {
            page_classifier.MODEL: ("pages to judge", (page_classifier.SHAPE,)),
            classifier.MODEL: ("lines to judge", classifier.INPUTS),
        }
        inputs: list[tuple[str, Sequence[Input]]] = [
            ("pages", page_inputs(self._options)),
            ("lines", line_inputs(self._options)),
            *(of_judges[name] for name in judges(config)),
        ]
        return sum(
            warm_up(session, shapes, what)
            for session, (what, shapes) in zip(self._sessions, inputs, strict=True)
        )

    def _bgr(self, page: Image) -> Image:
        import cv2
        import numpy as np

        with self.stages.count("prepare"):
            turned: Image = cv2.cvtColor(np.ascontiguousarray(page), cv2.COLOR_RGB2BGR)
        return turned

    def _cut_out_all(self, pages: Sequence[Image]) -> list[_CutOut]:
        """The lines of each page, as it is read: those that lie on a side or upside down are turned."""
        found = self._cut_out(pages)
        if self._page_turner is None:
            return found
        lies = [self._page_turner.lie(one.page, one.crops) for one in found]
        lying = [index for index, lie in enumerate(lies) if lie.rotation]
        turned = self._cut_out([turn(pages[index], lies[index].rotation) for index in lying])
        for index, again in zip(lying, turned, strict=True):
            found[index] = again
        return [replace(one, lie=lie) for one, lie in zip(found, lies, strict=True)]

    def _cut_out(self, pages: Sequence[Image]) -> list[_CutOut]:
        """The lines of each page as it lies: those under seals as if these were not there, and the seals'
        own."""
        if self._options.compat:
            return self._detector.each(pages, self._cut)
        found = self._hands.map(seals.find_seals, pages)
        clean = [seals.without(page, some) for page, some in zip(pages, found, strict=True)]
        cut_out = self._detector.each(clean, self._cut)
        for page, some, one in zip(pages, found, cut_out, strict=True):
            if some:
                alone = self._detector.each([seals.ink_of(page, seal) for seal in some], self._cut)
                for seal, part in zip(some, alone, strict=True):
                    one.of_seals.extend(seals.moved(crop, seal) for crop in part.crops)
        return cut_out

    def _cut(self, page: Image, boxes: list[Floats]) -> _CutOut:
        with self.stages.count("crops"):
            crops = [crop for box in boxes if (crop := cut(page, box)) is not None]
        return _CutOut(page, crops, [])

    def _notices(self, lie: Lie, crops: Sequence[Crop], readings: Sequence[Reading]) -> tuple[str, ...]:
        """What a person should know of a page with these lines."""
        is_left = self._page_turner is None and not self._options.compat and looks_turned(crops, readings)
        return ("page.turned",) if lie.is_doubtful or is_left else ()

    def _refined(self, one: _CutOut, readings: Sequence[Reading]) -> tuple[Sequence[Crop], Sequence[Reading]]:
        if not self._options.compat:
            count = len(one.crops)
            crops, of_page = refined(
                one.page, one.crops, readings[:count], self._recogniser, self._line_turner
            )
            kept = seals.worth_keeping(one.of_seals, readings[count:])
            return [*crops, *(crop for crop, _ in kept)], [*of_page, *(reading for _, reading in kept)]
        return self._line_turner.turned(one.crops, readings) if self._line_turner else (one.crops, readings)

    def _read(self, pages: Sequence[Sequence[Crop]]) -> list[list[Reading]]:
        """Readings of the lines of each page; the lines of all pages are read together, but in `compat`."""
        pictures = [[crop.image for crop in crops] for crops in pages]
        if self._options.compat:
            return [self._recogniser.read_as_stock(lines) for lines in pictures]
        together = self._recogniser.read([line for lines in pictures for line in lines])
        rest = iter(together)
        return [[next(rest) for _ in lines] for lines in pictures]

    def _text(self, page: tuple[Sequence[Crop], Sequence[Reading]]) -> PageText:
        crops, readings = page
        kept = kept_lines(readings, self._options.scores, lone=not self._options.compat)
        with self.stages.count("notices"):
            suspicion = page_notices.suspicion(crops, readings, kept, self._knows)
        read = zip(crops, readings, kept, strict=True)
        lines = tuple(self._line(crop, reading) for crop, reading, is_in in read if is_in)
        return PageText(lines, dropped_scores(readings, kept), suspicion)

    def _line(self, crop: Crop, reading: Reading) -> Line:
        words = words_of(crop, reading) if self._options.words else None
        polygon = crop.polygon if self._options.compat else fitted(crop.image, crop.polygon)
        return Line(
            reading.text, min(reading.score, reading.bound), tuple(polygon.ravel().tolist()), words=words
        )


@dataclass(frozen=True, slots=True)
class _CutOut:
    """A page's picture as it is read, its lines, those of seals on it, and how it lay."""

    page: Image
    crops: list[Crop]
    of_seals: list[Crop]
    lie: Lie = UPRIGHT


def _loadable(
    config: EngineConfig,
    choice: RuntimeChoice,
    files: ModelFiles,
    store: ModelStore,
    calibrated: int8.Calibrated | None,
) -> tuple[Weights, Prepared]:
    """Detection and recognition for the chosen precision: for int8 the calibrated ones, checked."""
    detection = prepare_detection(files, store.root)
    if not choice.precision.startswith("int8"):
        return detection, prepare_recognition(files, config.charset, _head(choice, config), store.root)
    found = calibrated or int8.find(store.root, files.model, config.charset, config.calibration)
    found.check()
    return found.detection() or detection, found.recognition()


def _placed(placement: Placement, weights: Weights, part: float) -> Placement:
    """The placement of detection, which may have been left out when the model was quantised, and of the
    classifier, which is never part of it."""
    placement = replace(placement, gpu_part=part)
    if not placement.precision.startswith("int8") or weights.format == "openvino":
        return placement
    return replace(placement, precision="bfloat16" if placement.precision.endswith("bfloat16") else "float32")


def _head(choice: RuntimeChoice, config: EngineConfig) -> Head:
    """A card must not send 18,710 logits a step. On a CPU ONNX Runtime takes as long for the best class and
    its score as numpy does; OpenVINO takes less, in blocks."""
    if choice.runtime == "openvino":
        return "blocks"
    return "best" if device_of(config) == "gpu" else "logits"


def _placement(
    config: EngineConfig, choice: RuntimeChoice, gpu_memory_mb: int | None, store: ModelStore
) -> Placement:
    return Placement(
        device=device_of(config),
        precision=choice.precision,
        threads=1 if device_of(config) == "gpu" else config.threads or 1,  # there its CPUs work ahead
        gpu_memory_mb=gpu_memory_mb,
        tensorrt=config.tensorrt,
        cache=store.root / "prepared",
    )


def _check_opencv() -> None:
    if not util.find_spec("cv2"):
        raise ConfigError(
            "The fast engine needs OpenCV, which is not installed.",
            "It comes with each extra that brings a runtime.",
            "pip install 'rayocr[cpu]', or 'rayocr[gpu-onnx]' for a GPU",
        )
    try:
        import cv2  # noqa: F401 - the import is what is tried
    except ImportError as error:
        raise ConfigError(
            "OpenCV cannot be loaded.",
            str(error),
            "On a slim Debian or Ubuntu: apt install libgl1 libglib2.0-0",
        ) from error
