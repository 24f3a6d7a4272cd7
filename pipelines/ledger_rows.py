"""The ledger's columns: rows of pages as numpy arrays, sorted, and grouped by document and version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actors.contracts import DocRef
from actors.notices import NOTICE_CODES
from actors.selection import ALL_PAGES, PageSelection

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    U64 = npt.NDArray[np.uint64]
    I32 = npt.NDArray[np.int32]
    I64 = npt.NDArray[np.int64]

STATUSES = ("ok", "empty", "failed")
NOTICES = "notices"
NOTICE_BITS = {code: 1 << number for number, code in enumerate(NOTICE_CODES)}
_LACKS = sum(bit for code, bit in NOTICE_BITS.items() if NOTICE_CODES[code].lacks)
_ID_DIGITS = 32
_ALL_BITS = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Keys:
    """Documents in a version: the two halves of each document_id's 16 bytes, and a hash of the version
    (64 bits are enough to tell the few versions of one document apart)."""

    high: U64
    low: U64
    version: U64


@dataclass(frozen=True, slots=True)
class Rows:
    """One entry a row. `page_count`: -1 for null; `status`: index into STATUSES; `code`: index into
    `codes`, -1 for null; `notices`: a bit for each of NOTICE_CODES, from the lowest, in their order."""

    keys: Keys
    page: I32
    page_count: I32
    status: npt.NDArray[np.int8]
    code: I32
    notices: npt.NDArray[np.uint32]
    codes: tuple[str, ...]

    @classmethod
    def joined(cls, parts: Sequence[Rows]) -> Rows:
        """All rows of all parts."""
        import numpy as np

        if not parts:
            return no_rows()
        codes = tuple(sorted({code for part in parts for code in part.codes}))
        place = {code: index for index, code in enumerate(codes)}
        translated = []
        for part in parts:
            table = np.array([*(place[code] for code in part.codes), -1], np.int32)
            translated.append(table[part.code])
        return cls(
            Keys(
                np.concatenate([part.keys.high for part in parts]),
                np.concatenate([part.keys.low for part in parts]),
                np.concatenate([part.keys.version for part in parts]),
            ),
            np.concatenate([part.page for part in parts]),
            np.concatenate([part.page_count for part in parts]),
            np.concatenate([part.status for part in parts]),
            np.concatenate(translated),
            np.concatenate([part.notices for part in parts]),
            codes,
        )

    def sorted(self) -> Rows:
        """By document, version and page."""
        import numpy as np

        return self.where(np.lexsort((self.page, self.keys.version, self.keys.low, self.keys.high)))

    def where(self, rows: npt.NDArray[np.bool_] | I64) -> Rows:
        """The rows of a mask, or at these indexes."""
        keys = Keys(self.keys.high[rows], self.keys.low[rows], self.keys.version[rows])
        columns = (self.page[rows], self.page_count[rows], self.status[rows], self.code[rows])
        return Rows(keys, *columns, self.notices[rows], self.codes)

    def count_statuses(self) -> tuple[int, ...]:
        """How many rows have each of STATUSES."""
        import numpy as np

        return tuple(np.bincount(self.status, minlength=len(STATUSES)).tolist())

    def count_codes(self) -> dict[str, int]:
        """How many rows have each error code, without those that none has."""
        import numpy as np

        counts = np.bincount(self.code[self.code >= 0], minlength=len(self.codes)).tolist()
        return {code: count for code, count in zip(self.codes, counts, strict=True) if count}

    def count_noticed(self) -> int:
        """How many rows have a notice that their page may lack something."""
        import numpy as np

        return int(np.count_nonzero(self.notices & np.uint32(_LACKS)))

    def count_notices(self) -> dict[str, int]:
        """How many rows have each notice, without those that none has."""
        import numpy as np

        counts = {code: int(np.count_nonzero(self.notices & bit)) for code, bit in NOTICE_BITS.items()}
        return {code: count for code, count in counts.items() if count}


@dataclass(frozen=True, slots=True)
class Versions:
    """One entry for each version of each document, in the order of the rows.

    `start`: its first row; `rows`: how many it has; `pages`: distinct ones; `page_count`: the largest that
    a row says, -1 if none does.
    """

    keys: Keys
    start: I64
    rows: I64
    pages: I64
    page_count: I32
    complete: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, rows: Rows, pages: PageSelection = ALL_PAGES) -> Versions:
        """Group sorted rows; `pages`: which pages make a document complete."""
        import numpy as np

        size = len(rows.page)
        if not size:
            none = np.empty(0, np.int64)
            return cls(rows.keys, none, none, none, np.empty(0, np.int32), np.empty(0, np.bool_))
        high, low, version = rows.keys.high, rows.keys.low, rows.keys.version
        first = np.ones(size, np.bool_)
        first[1:] = (high[1:] != high[:-1]) | (low[1:] != low[:-1]) | (version[1:] != version[:-1])
        start = np.flatnonzero(first)
        lengths = np.diff(start, append=size)
        new_page = first.copy()
        new_page[1:] |= rows.page[1:] != rows.page[:-1]
        page_count = np.maximum.reduceat(rows.page_count, start)
        unopened = page_count < 1
        expected = np.where(unopened, 1, np.maximum(pages.counts(page_count), 1))
        wanted = pages.wants(rows.page, np.repeat(page_count, lengths))
        in_range = new_page & np.where(np.repeat(unopened, lengths), rows.page == 0, wanted)
        return cls(
            Keys(high[start], low[start], version[start]),
            start,
            lengths,
            np.add.reduceat(new_page.astype(np.int64), start),
            page_count,
            np.add.reduceat(in_range.astype(np.int64), start) == expected,
        )

    def range_of(self, keys: Keys) -> tuple[I64, I64]:
        """For each key, where all versions of its document begin and end."""
        import numpy as np

        first = np.searchsorted(self.keys.high, keys.high, "left")
        last = np.searchsorted(self.keys.high, keys.high, "right")
        one = np.flatnonzero(last - first == 1)
        last[one] -= self.keys.low[first[one]] != keys.low[one]
        for index in np.flatnonzero(last - first > 1).tolist():  # versions, or ids that agree by half
            same = np.flatnonzero(self.keys.low[first[index] : last[index]] == keys.low[index])
            start = int(first[index])
            first[index] = start + (int(same[0]) if len(same) else 0)
            last[index] = start + (int(same[-1]) + 1 if len(same) else 0)
        return first, last

    def find(self, keys: Keys) -> I64:
        """The index of each key, -1 if it is not there."""
        import numpy as np

        first, last = self.range_of(keys)
        found = np.full(len(first), -1, np.int64)
        for offset in range(int((last - first).max(initial=0))):
            index = first + offset
            inside = np.flatnonzero(index < last)
            match = inside[self.keys.version[index[inside]] == keys.version[inside]]
            found[match] = index[match]
        return found


def no_rows() -> Rows:
    """An empty output."""
    import numpy as np

    ids, small = np.empty(0, np.uint64), np.empty(0, np.int32)
    status, notices = np.empty(0, np.int8), np.empty(0, np.uint32)
    return Rows(Keys(ids, ids, ids), small, small, status, small, notices, ())


def keys_of_refs(refs: Sequence[DocRef]) -> Keys:
    """The keys of listed documents. Raises ValueError for an id that is not 32 hex digits."""
    import numpy as np

    content = bytes.fromhex("".join([ref.document_id for ref in refs]))
    if len(content) != len(refs) * _ID_DIGITS // 2:
        raise ValueError("a document_id is not 32 hex digits")
    ids = np.frombuffer(content, ">u8").reshape(-1, 2)
    versions = np.fromiter((version_hash(ref.version) for ref in refs), np.uint64, len(refs))
    return Keys(ids[:, 0].astype(np.uint64), ids[:, 1].astype(np.uint64), versions)


def version_hash(version: str | None) -> int:
    """64 bits of a version. Python's own hash: one other in each process, where a ledger lives and ends, and
    a tenth of the time of a digest, which was half of what a million documents cost."""
    return hash(version or "") & _ALL_BITS


def rows_of_table(table: pa.Table) -> Rows:
    """Rows of a table with the ledger's columns. Raises ValueError for ids or states that are none."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    table = table.combine_chunks()
    if not table.num_rows:
        return no_rows()
    ids = _id_bytes(table.column("document_id")).view(">u8").reshape(-1, 2)
    version = _encoded(pc.fill_null(table.column("version"), ""))
    hashes = np.array([version_hash(text) for text in version.dictionary.to_pylist()], np.uint64)
    code = _encoded(table.column("error_code"))
    status = pc.index_in(table.column("status"), value_set=pa.array(STATUSES))
    if status.null_count or table.column("page_index").null_count:
        raise ValueError("it has rows without a status or a page")
    return Rows(
        Keys(
            ids[:, 0].astype(np.uint64),
            ids[:, 1].astype(np.uint64),
            hashes[version.indices.to_numpy(zero_copy_only=False)],
        ),
        table.column("page_index").to_numpy(),
        pc.fill_null(table.column("page_count"), -1).to_numpy().astype(np.int32),
        status.to_numpy().astype(np.int8),
        pc.fill_null(code.indices, -1).to_numpy(zero_copy_only=False).astype(np.int32),
        _notice_bits(table),
        tuple(code.dictionary.to_pylist()),
    )


def _notice_bits(table: pa.Table) -> npt.NDArray[np.uint32]:
    """The notices of each row as bits. A code that this release does not know has none; rows of schema 1
    have no notices."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    bits = np.zeros(table.num_rows, np.uint32)
    if NOTICES not in table.column_names:
        return bits
    column = table.column(NOTICES)
    number = pc.index_in(pc.list_flatten(column), value_set=pa.array(list(NOTICE_BITS)))
    known = np.flatnonzero(pc.is_valid(number).to_numpy(zero_copy_only=False))
    rows = pc.list_parent_indices(column).to_numpy()[known]
    numbers = pc.fill_null(number, 0).to_numpy(zero_copy_only=False)[known]
    np.bitwise_or.at(bits, rows, np.left_shift(np.uint32(1), numbers.astype(np.uint32)))
    return bits


def _encoded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    import pyarrow as pa

    return pa.concat_arrays(column.chunks).dictionary_encode()


def _id_bytes(column: pa.ChunkedArray) -> npt.NDArray[np.uint8]:
    """The 16 bytes of each id, one after the other."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    lengths = pc.min_max(pc.binary_length(column)).as_py()
    if column.null_count or (lengths["min"], lengths["max"]) != (_ID_DIGITS, _ID_DIGITS):
        raise ValueError("it has a document_id that is not 32 hex digits")
    fixed = pa.concat_arrays(column.chunks).cast(pa.binary()).cast(pa.binary(_ID_DIGITS))
    text = fixed.buffers()[1].to_pybytes()[_ID_DIGITS * fixed.offset :][: _ID_DIGITS * len(fixed)]
    ids = np.frombuffer(bytes.fromhex(text.decode("ascii")), np.uint8)
    if len(ids) != len(fixed) * _ID_DIGITS // 2:
        raise ValueError("it has a document_id that is not 32 hex digits")
    return ids
