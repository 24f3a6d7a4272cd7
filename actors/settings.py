"""The settings that workers need: decoding, engine and models. `pipelines.config` builds on them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from actors.selection import ALL_PAGES, PageSelection


class Settings(BaseModel):
    """Base of every settings model: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class DecodeConfig(Settings):
    """How a document's bytes become page pictures."""

    pdf_dpi: float = Field(default=200.0, gt=0, le=1200)
    """Resolution in dots an inch at which PDF pages are rendered; lowered for a page that would exceed
    `pdf_max_megapixels`."""

    pdf_max_megapixels: float = Field(default=16.0, gt=0)
    """Pixel budget of a rendered PDF page, in millions: a larger page is rendered at a lower dpi."""

    max_megapixels: float = Field(default=178.956970, gt=0)
    """Largest image that is decoded, in millions of pixels (the default is Pillow's own limit for a
    decompression bomb); a larger one is `decode.too_large`, before its memory is allocated."""

    max_file_mb: float = Field(default=1024.0, gt=0)
    """Largest file that is read, in MiB; a larger one is `read.too_large`."""

    max_pages: int = Field(default=20000, ge=1)
    """Most pages that are taken from one document; a document that says it has more is `decode.too_large`."""

    pages: str | None = None
    """Pages of each document that are read, counted from 1, or from -1 at the end: `1`, `1-3`, `3-`, `-1`, or
    a list such as `1,3-5`; null: all. A document that has none of them is one row, `decode.no_such_page`."""

    attachments: Literal["ignore", "read"] = "ignore"
    """`read`: PDFs and pictures that are attached to a PDF, in a portfolio or else, are documents of their
    own, with keys such as `parent.pdf!/letter.pdf`; `ignore`: they are left alone, and the row says so."""

    passwords: tuple[SecretStr, ...] = Field(default=(), repr=False)
    """Passwords that are tried in turn on PDFs that ask for one, quoted, as a list; never printed or written.
    Best given as the variable `RAYOCR_DECODE__PASSWORDS`."""

    timeout_s: float = Field(default=20.0, gt=0)
    """Seconds that a decoder has for one page before it is killed (`decode.timeout`). Seconds in which it had
    to wait for a CPU, since the machine was busy, do not count."""

    read_timeout_s: float = Field(default=120.0, gt=0)
    """Seconds one document may take to be read from its store (`read.timeout`)."""

    memory_limit_mb: int = Field(default=1800, ge=256)
    """Memory a decoder process may take, in MiB; a page that needs more is `decode.too_large`."""

    sandbox: Literal["auto", "required", "off"] = "auto"
    """What decoders are kept from, beside their limits: the network, other programs and processes, and every
    file but fonts and libraries. `auto`: as far as the kernel goes; `required`: nothing starts where it does
    not go all the way; `off`: they may do what the user may."""

    @property
    def selection(self) -> PageSelection:
        """`pages`, parsed."""
        return ALL_PAGES if self.pages is None else PageSelection.parse(self.pages)

    @field_validator("pages", mode="before")
    @classmethod
    def _one_spelling(cls, value: Any) -> Any:
        """A number or a list as text, and one text for one selection, since outputs are compared by it."""
        if isinstance(value, list | tuple):
            value = ",".join(map(str, value))
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        return str(PageSelection.parse(value)) if isinstance(value, str) else value

    @field_validator("passwords", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        """One password as a list of one. A number has lost its leading zeros, so it is refused."""
        passwords = [value] if isinstance(value, str | int | float) else value
        if isinstance(passwords, list) and any(isinstance(one, int | float) for one in passwords):
            raise ValueError("a password must be in quotes, or it is read as a number")
        return passwords


class EngineConfig(Settings):
    """Which engine reads the pages, and with which models."""

    engine: Literal["fast", "stock", "fake"] = "fast"
    """`fast`: PaddleOCR's models with rayocr's own scheduling; `stock`: PaddleOCR's own pipeline, the
    reference; `fake`: made-up text from pixels, for tests."""

    model: str = "PP-OCRv6_small"
    """Name of a detection and recognition pair in the catalogue (`rayocr models list`)."""

    runtime: Literal["auto", "onnxruntime", "openvino", "paddle"] = "auto"
    """What executes the models. `auto` takes what suits the model's format and the machine; the plan says
    which, and why. `stock` knows no openvino."""

    precision: Literal["auto", "float32", "float16", "bfloat16", "int8"] = "auto"
    """Arithmetic of the models (fast engine). `auto`: bfloat16 where the CPU has it and OpenVINO is there;
    on a card float16 with `tensorrt`, or for a model that was measured to read the same in it; else float32.
    `float16` is for cards. `int8` needs a model made by `rayocr models quantize`."""

    calibration: str | None = Field(default=None, pattern="^[a-z0-9_-]{1,64}$")
    """With `precision` int8: which model made by `rayocr models quantize`, by name; null: the only one in
    the cache for this model and charset."""

    charset: str = "all"
    """What the fast engine may read: `all`, or sets joined by `+`: digits, latin, greek, cyrillic, arabic,
    hebrew, devanagari, thai, korean, chinese, japanese. Fewer characters are cheaper, and none of them is
    mistaken for one that is left out."""

    compat: bool = False
    """True: the fast engine detects and batches as stock does, for the same text at nearly stock's cost."""

    device: Literal["auto", "cpu", "gpu"] = "auto"
    """`auto`: the GPU if the worker was given one (`resources.gpus_per_actor`), else the CPU."""

    tensorrt: bool = False
    """True: let TensorRT compile the models for the card; takes minutes at first, then they are kept. Without
    a card it is refused."""

    cuda_graphs: bool = False
    """True: the fast engine launches recognition as CUDA graphs, for up to 32 shapes that come often (ONNX
    Runtime on a card, without TensorRT). Whether it is faster was not measured."""

    threads: int | None = Field(default=None, ge=1)
    """Threads an engine computes with (on a card: threads that prepare pages and make text of what the card
    gives); null: as many as CPUs its worker was given."""

    warm_up: bool | None = None
    """True: the fast engine runs its models on empty batches of the usual shapes when it starts, since a
    runtime sets itself up for each new shape; null: on a card. The first pages are then as fast as others."""

    det_limit_side: int | None = Field(default=None, ge=32)
    """Detection: bound on a page side in pixels, used as `det_limit_type` says (limit_side_len). Null: the
    fast engine chooses for each page by the size of its text; stock takes PaddleOCR's 64."""

    det_limit_type: Literal["min", "max"] = "min"
    """`min`: pages whose short side is below the bound are enlarged to it; `max`: pages whose long side is
    above the bound are reduced to it. PaddleOCR's own default is min 64, so pages keep their resolution."""

    det_glyph: float | None = Field(default=None, ge=4, le=40)
    """Detection: height in pixels that the page's typical letter gets, where `det_limit_side` is null. Pages
    too large for that go through detection in overlapping tiles. A smaller one is cheaper, and misses small
    print; null: the fast engine's own."""

    det_thresh: float | None = Field(default=None, gt=0, lt=1)
    """Detection: score above which a pixel is text; null: the engine's own (stock: PaddleOCR's 0.3)."""

    det_box_thresh: float | None = Field(default=None, gt=0, lt=1)
    """Detection: mean score above which a box is kept; null: the engine's own (stock: PaddleOCR's 0.6)."""

    det_unclip_ratio: float | None = Field(default=None, gt=0)
    """Detection: how far a box is grown around its text core; null: the engine's own (stock: 1.5)."""

    rec_squeeze: float | None = Field(default=None, ge=0.5, le=1)
    """Recognition: width of a line's picture over its natural width at 48 pixels of height; null: the fast
    engine's own, 0.7, or 0.8 in int8. Columns are what recognition costs; stock knows no squeezing."""

    rec_second_look: float | None = Field(default=None, ge=0, le=1)
    """Recognition: a squeezed line with a lower mean score, a crowded one, and one with signs of formulas is
    read again at its natural width, and the better reading counts. In other lines the numbers that may have
    lost a character are read again. 0: never, numbers neither; null: the fast engine's own."""

    rec_score_thresh: float | None = Field(default=None, ge=0, le=1)
    """Recognition: lines with a lower mean score are dropped. Null: the fast engine drops those below 0.7 of
    the page's median, and on pages of fewer than 24 lines those below 0.75; stock drops none."""

    page_orientation: bool | None = None
    """True: the fast engine turns pages that lie on their side or upside down, where two of three agree: the
    look of the page to a classifier (6.8 MB), the direction of its lines, and how some of them read;
    `rotation` says by how much. Null: yes, except with `compat`, which does as stock does."""

    line_orientation: bool = False
    """True: the fast engine turns single lines that are upside down: of those that it reads badly."""

    words: bool = False
    """True: the fast engine gives the words of each line with their boxes."""

    fake: dict[str, str] = Field(default_factory=dict)
    """Faults that the fake engine acts out, for tests: a word in the page's pixels to an act
    (see actors/engines/fake.py)."""

    @property
    def turns_pages(self) -> bool:
        """Whether the engine turns pages that lie otherwise."""
        if self.engine != "fast":
            return False
        return not self.compat if self.page_orientation is None else self.page_orientation


class LayoutConfig(Settings):
    """How the lines of a page become its text."""

    order: Literal["reading", "engine"] = "reading"
    """`reading`: columns, bands and blocks as a person reads them, the cells of a row on one line of `text`
    with tabs between them; `engine`: lines as the engine gives them, from top to bottom, one block."""


class ModelsConfig(Settings):
    """Where model weights come from and are kept."""

    cache: str | None = None
    """Folder of the verified weights; null: `$RAYOCR_MODELS`, else `~/.cache/rayocr/models`."""

    source: str | None = None
    """A folder or URL (file://, s3:// ...) that holds the weights; null: each model's own source."""

    offline: bool = False
    """True: never fetch; a missing model is an error at once."""
