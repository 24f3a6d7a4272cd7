"""Seeds of schedules that once broke a law, and the defect that each had found."""

from __future__ import annotations

KEPT: dict[int, str] = {}
