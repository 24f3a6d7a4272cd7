"""Seeds of schedules that once broke a law, and the defect that each had found."""

from __future__ import annotations

KEPT: dict[int, str] = {
    1379: "a retry whose lock was lost read what a compaction had half replaced, and dropped rows by that",
}
