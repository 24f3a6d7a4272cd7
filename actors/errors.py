"""Every error a user can meet: the table of page error codes, and the exceptions of whole commands."""

from __future__ import annotations

from dataclasses import dataclass

from actors.contracts import Fault
from actors.signatures import without_secrets


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """One row of the error table. `transient`: the same page may succeed when it is tried again."""

    code: str
    meaning: str
    remedy: str
    transient: bool = False


_CODES = (
    ErrorCode(
        "read.missing",
        "The file was listed and is gone, or a manifest names a file that does not exist.",
        "Check the path; run again when the file is back.",
    ),
    ErrorCode(
        "read.denied",
        "The store or the disk refused to let this file be read.",
        "Give the user or the credentials of the run read access, then run again.",
    ),
    ErrorCode(
        "read.empty", "The file holds zero bytes.", "Upload or scan it again: nothing is in it to recognise."
    ),
    ErrorCode(
        "read.timeout",
        "The store did not answer in time.",
        "Run again; raise decode.read_timeout_s if the store is slow.",
        transient=True,
    ),
    ErrorCode(
        "read.throttled",
        "The store asked to slow down and went on doing so.",
        "Run again later, or with fewer decode tasks (resources.decode_tasks).",
        transient=True,
    ),
    ErrorCode(
        "read.interrupted",
        "The connection broke, or the device failed, while the file was read.",
        "Run again; if it stays, check the disk or the network.",
        transient=True,
    ),
    ErrorCode(
        "read.too_large",
        "The file is larger than decode.max_file_mb.",
        "Raise decode.max_file_mb if a worker has the memory for it.",
    ),
    ErrorCode(
        "decode.unsupported",
        "The content is none of the formats that rayocr decodes, whatever its name says.",
        "Convert it to PDF, TIFF, PNG or JPEG, or add its name to source.ignore.",
    ),
    ErrorCode(
        "decode.corrupt",
        "The content is damaged or cut off.",
        "Fetch or scan the file again; a repair tool (qpdf, tiffcp, jpegtran) may save it.",
    ),
    ErrorCode(
        "decode.too_large",
        "The page has more pixels than decode.max_megapixels, or needs more memory than a decoder may take.",
        "Scan at a lower resolution, or raise decode.max_megapixels and decode.memory_limit_mb.",
    ),
    ErrorCode(
        "decode.no_such_page",
        "The document has none of the pages that decode.pages asks for.",
        "Nothing, if such documents are expected; else ask for other pages, in another output.",
    ),
    ErrorCode(
        "decode.encrypted",
        "The document asks for a password, and none of decode.passwords opens it.",
        "Give its password in decode.passwords and run with --retry-failed decode.encrypted, or remove it "
        "first: qpdf --decrypt --password=... IN OUT",
    ),
    ErrorCode(
        "decode.timeout",
        "The page took longer than decode.timeout_s to decode, waits for a busy machine aside.",
        "Raise decode.timeout_s, or rasterise the file with another tool.",
        transient=True,
    ),
    ErrorCode(
        "decode.crashed",
        "The decoder's process died on this document, twice.",
        "Rewrite the file with another tool (qpdf, ImageMagick); please report it.",
    ),
    ErrorCode(
        "ocr.out_of_memory",
        "The page did not fit into memory, even alone and at half its width and height.",
        "Lower resources.batch_pages or decode.pdf_dpi, or give the worker more memory.",
        transient=True,
    ),
    ErrorCode(
        "ocr.timeout",
        "Even alone the page was not recognised within ocr.timeout_s, waits for a busy machine aside.",
        "Raise ocr.timeout_s, or look at the page: it may be noise full of boxes.",
        transient=True,
    ),
    ErrorCode(
        "ocr.crashed",
        "The engine's process died on this page, also when the page was alone.",
        "Please report the page; another runtime may read it.",
    ),
    ErrorCode(
        "ocr.failed",
        "The engine raised an error on this page.",
        "The message has the engine's own words; another engine or runtime may read the page.",
    ),
)

ERROR_CODES: dict[str, ErrorCode] = {entry.code: entry for entry in _CODES}
"""The one table of page error codes; the docs page is generated from it."""


class PageError(Exception):
    """One page or document cannot be read, decoded or recognised. It becomes a row, never an abort."""

    def __init__(self, code: str, message: str) -> None:
        if code not in ERROR_CODES:
            raise ValueError(f"unknown error code {code!r}")
        message = without_secrets(message)  # here, so that no raiser can forget it
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def fault(self) -> Fault:
        """The same as data, for a row."""
        return Fault(self.code, self.message)

    def __reduce__(self) -> tuple[type[PageError], tuple[str, str]]:
        return type(self), (self.code, self.message)


class EngineDiedError(Exception):
    """The process that held the engine is gone, and a fresh one stands in its place.

    `cause`: the error code of the pages it was working on, `ocr.crashed` or `ocr.timeout`.
    """

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause


class RayocrError(Exception):
    """A whole command cannot go on. Shown as three lines: what, why, what to do."""

    exit_code = 1

    def __init__(self, what: str, why: str = "", remedy: str = "") -> None:
        self.what, self.why, self.remedy = map(without_secrets, (what, why, remedy))
        super().__init__(self.what)

    def __str__(self) -> str:
        return "\n".join(part for part in (self.what, self.why, self.remedy) if part)

    def __reduce__(self) -> tuple[type[RayocrError], tuple[str, str, str]]:
        return type(self), (self.what, self.why, self.remedy)


class ConfigError(RayocrError):
    """The configuration, the machine or the surroundings do not allow this run. Nearly always found before
    anything is started; a node that has another engine than the driver is found when its worker starts."""

    exit_code = 2


class ModelError(ConfigError):
    """A model is unknown, missing, or not what its catalogue entry says."""


class IncompleteError(RayocrError):
    """The run ended before every page was done; the same command resumes it."""

    exit_code = 4


class MemoryLimitError(IncompleteError):
    """Engines cannot work within the memory that they are given: replacing them would go on for ever."""
