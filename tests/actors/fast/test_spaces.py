"""Spaces are set where the picture shows a gap that the reading lacks, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from actors.engines.fast.crops import Crop
from actors.engines.fast.ctc import Reading
from actors.engines.fast.spaces import spaced

HEIGHT, LETTER, BETWEEN = 40, 14, 3


def line(text: str, gaps: dict[int, int], read: str | None = None) -> tuple[Crop, Reading]:
    """A drawn line of bars, and what was read of it. `text`: without spaces; `gaps`: pixels before the
    character with this index; `read`: the text with the spaces that were seen."""
    picture = np.full((HEIGHT, 40 + sum(gaps.values()) + len(text) * (LETTER + BETWEEN), 3), 250, np.uint8)
    x, middles = 20, []
    for index in range(len(text)):
        x += gaps.get(index, BETWEEN)
        picture[8:32, x : x + LETTER] = 20
        middles.append((x + LETTER / 2) / picture.shape[1])
        x += LETTER
    read = read or text
    places, at = [], 0
    for sign in read:
        if sign == " ":
            places.append((middles[at - 1] + middles[at]) / 2)
        else:
            places.append(middles[at])
            at += 1
    height, width = picture.shape[:2]
    polygon = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    scores, sure = (0.9,) * len(read), (1.0,) * (len(read) + 1)
    return Crop(picture, polygon), Reading(read, 0.9, places=tuple(places), scores=scores, gaps=sure)


def texts(*lines: tuple[Crop, Reading]) -> list[str]:
    return [one.text for one in spaced([crop for crop, _ in lines], [reading for _, reading in lines])]


@pytest.mark.parametrize(
    ("text", "gaps", "read", "expected"),
    [
        ("ZoneCTariff", {4: 12, 5: 40}, "Zone CTariff", "Zone C Tariff"),
        ("File:C", {5: 30}, None, "File: C"),
        ("in07:52out", {7: 40}, None, "in07:52 out"),
        ("Halden", {3: 14}, None, "Halden"),  # no more than a single space: left to the model
        ("TOTAL", dict.fromkeys(range(1, 5), 24), None, "TOTAL"),  # spaced letters
        ("VAT19", {3: 40}, "VAT 19", "VAT 19"),
        ("Total...5", {6: 30, 8: 40}, None, "Total...5"),
        ("(Q1),so", {4: 30}, None, "(Q1),so"),  # signs of the width of East Asian ones, read as narrow
    ],
)
def test_wide_gaps_are_spaces(text: str, gaps: dict[int, int], read: str | None, expected: str) -> None:
    crop, reading = line(text, gaps, read)
    (found,) = spaced([crop], [reading])
    assert found.text == expected
    assert len(found.places) == len(found.scores) == len(found.text) == len(found.gaps) - 1
    assert list(found.places) == sorted(found.places)


def test_gaps_beside_east_asian_are_as_wide_as_those_that_were_read() -> None:
    told = line("使用Windows与", {2: 9, 9: 9}, "使用 Windows 与")
    lacks = line("东楼B座401室", {2: 9, 3: 9, 4: 9, 7: 9}, "东楼B座 401室")
    tight = line("下午2时", {})
    assert texts(told, lacks, tight) == ["使用 Windows 与", "东楼 B 座 401 室", "下午2时"]


def test_room_that_nobody_read_as_a_space_is_none() -> None:
    lines = [line("于2024年12月", {1: 7, 5: 7, 6: 7, 8: 7}), line("第3版A本", {3: 7}, "第3版 A本")]
    assert texts(*lines) == ["于2024年12月", "第3版 A本"]


def test_wide_signs_carry_their_own_room() -> None:
    assert texts(line("（三）：请", {3: 26})) == ["（三）：请"]


def test_a_place_that_is_off_counts_no_gap_twice() -> None:
    crop, reading = line("OneTwo", {3: 30}, "One Two")
    early = list(reading.places)
    early[4] -= 0.06  # the T was read within the gap before it
    moved = Reading(reading.text, 0.9, places=tuple(early))
    assert spaced([crop], [moved]) == [moved]


def test_lines_without_places_or_gaps_are_left() -> None:
    crop, reading = line("Total", {})
    unknown = Reading("Total", 0.9)
    assert spaced([crop, crop], [reading, unknown]) == [reading, unknown]
