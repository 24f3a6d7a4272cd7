"""Parts of a line are cut between words, and put back where they came from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from actors.engines.fast.ctc import Reading
from actors.engines.fast.doubt import Part, tokens
from actors.engines.fast.parts import PartPicture, cut_part, put_back, trimmed, whole_line
from actors.engines.fast.recognition import strip_width
from tests.actors.fast.readings import reading_of

TEXT = "paid 1,200.50 in cash"
WIDTH = 1.0
"""Of what a line's height asks for."""


def drawn(text: str, size: float = 30) -> tuple[np.ndarray, Reading]:
    """A line's picture (H×W×3), and a reading with the true places of its characters."""
    font = ImageFont.load_default(size)
    sheet = Image.new("RGB", (int(font.getlength(text)) + 20, int(size * 1.5)), "white")
    ImageDraw.Draw(sheet).text((10, size * 0.15), text, "black", font)
    ends = [10 + font.getlength(text[: index + 1]) for index in range(len(text))]
    starts = [10 + font.getlength(text[:index]) for index in range(len(text))]
    places = tuple((left + right) / 2 / sheet.width for left, right in zip(starts, ends, strict=True))
    plain = reading_of(text)
    return np.asarray(sheet), Reading(text, 1.0, (), places, plain.scores, plain.gaps)


@pytest.mark.parametrize("number", range(4))
def test_a_part_is_cut_through_the_white_beside_it(number: int) -> None:
    line, reading = drawn(TEXT)
    part = list(tokens(TEXT))[number]
    picture = cut_part(line, reading, part, WIDTH)
    edges = [column for column in (picture.left, picture.right - 1) if 0 < column < line.shape[1] - 1]
    assert all((line[:, column] > 200).all() for column in edges)
    inside = [
        index
        for index, place in enumerate(reading.places)
        if picture.left <= place * line.shape[1] < picture.right
    ]
    assert TEXT[inside[0] : inside[-1] + 1].strip() == TEXT[part.first : part.last]


@pytest.mark.parametrize("shift", [-0.6, -0.3, 0.0, 0.3, 0.6])
@pytest.mark.parametrize("text", ["AT73 9662 2222 3666", "PL11 1111 0842 7777", "66.666,11 EUR in cash"])
def test_a_part_holds_its_own_ink_wherever_the_model_reads_its_characters(text: str, shift: float) -> None:
    """A character may be read early or late by a part of its width; a space anywhere in its gap."""
    line, reading = drawn(text)
    pitch = 1 / len(text)
    places = tuple(min(1.0, max(0.0, place + shift * pitch)) for place in reading.places)
    for part in tokens(text):
        picture = cut_part(line, replace(reading, places=places), part, WIDTH)
        centers = [place * line.shape[1] for place in reading.places]
        inside = [index for index, at in enumerate(centers) if picture.left <= at < picture.right]
        assert text[inside[0] : inside[-1] + 1].strip() == text[part.first : part.last]


def test_a_part_has_background_beside_it() -> None:
    line, reading = drawn(TEXT)
    picture = cut_part(line, reading, Part(5, 13), WIDTH)
    margin, height = picture.before, line.shape[0]
    end = margin + picture.right - picture.left + margin
    assert margin >= 0.1 * height
    assert (picture.image[:, :margin] > 200).all()
    assert (picture.image[:, end - margin : end] > 200).all()


def test_a_part_at_the_end_of_its_line_has_the_room_of_the_line() -> None:
    line, reading = drawn("1,200.50")
    picture = cut_part(line, reading, Part(0, 8), WIDTH)
    assert picture.before == 0
    assert (picture.image[:, : line.shape[1]] == line).all()


@pytest.mark.parametrize("width", [0.7, 0.85, 1.0])
def test_behind_a_short_number_there_is_nothing_and_a_word_stays_short(width: float) -> None:
    line, reading = drawn(TEXT)
    number = cut_part(line, reading, Part(5, 13), width)
    word = cut_part(line, reading, Part(0, 4), width)
    assert strip_width(number.image, width) == 256
    assert (number.image[:, -30:] == 127).all()
    assert strip_width(word.image, width) < 128
    assert not (word.image == 127).all(axis=(0, 2)).any()


def test_a_long_number_stays_as_it_is() -> None:
    line, reading = drawn("1" * 40)
    assert cut_part(line, reading, Part(0, 40), WIDTH).image.shape == line.shape


def test_places_in_a_line_read_again_leave_out_what_is_behind_it() -> None:
    line, _ = drawn("1,200.50")
    picture = whole_line(line, WIDTH)
    share = line.shape[1] / picture.image.shape[1]
    assert share < 0.8
    assert (picture.image[:, : line.shape[1]] == line).all()
    read = replace(reading_of("12"), places=(share / 2, 1.0))
    assert picture.in_line(read, line.shape[1]).places == pytest.approx((0.5, 1.0))


def test_a_part_of_a_rule_of_dark_pixels_is_still_cut_somewhere() -> None:
    line = np.zeros((40, 200, 3), np.uint8)
    picture = cut_part(line, reading_of("12 34"), Part(3, 5), WIDTH)
    assert 0 < picture.left < picture.right == 200


def test_what_was_read_again_stands_where_it_stood() -> None:
    line, reading = drawn("paid 1,20.50 in cash")
    part = Part(5, 12)
    picture = cut_part(line, reading, part, WIDTH)
    again = reading_of("1,200.50", score=0.9)
    wide, own = picture.image.shape[1], picture.right - picture.left
    places = tuple((picture.before + place * own) / wide for place in again.places)
    again = replace(again, places=places)
    whole = put_back(reading, part, again, picture, line.shape[1], 1.0)
    assert whole.text == TEXT
    assert len(whole.places) == len(whole.scores) == len(TEXT)
    assert len(whole.gaps) == len(TEXT) + 1
    assert list(whole.places) == sorted(whole.places)
    assert whole.score == pytest.approx((13 + 8 * 0.9) / 21)
    left, right = picture.left / line.shape[1], picture.right / line.shape[1]
    assert all(left - 0.02 <= place <= right + 0.02 for place in whole.places[5:13])


def test_a_good_part_makes_no_good_line_of_a_bad_one() -> None:
    line, reading = drawn("ad bomm 20l adr")
    poor = replace(reading, score=0.6, scores=(0.6,) * len(reading.text))
    part = Part(8, 11)
    again = put_back(poor, part, reading_of("201"), cut_part(line, poor, part, WIDTH), line.shape[1], 0.6)
    assert again.text == "ad bomm 201 adr"
    assert again.score == 0.6


def test_spaces_at_the_ends_of_a_part_go() -> None:
    reading = trimmed(reading_of(" 12 34  "))
    assert reading.text == "12 34"
    assert len(reading.places) == len(reading.scores) == 5
    assert len(reading.gaps) == 6


def test_a_part_of_nothing_but_spaces_stays() -> None:
    assert trimmed(reading_of("  ")).text == "  "


def test_a_whole_line_read_again_takes_its_place() -> None:
    line, reading = drawn("4711")
    picture = PartPicture(line, 0, line.shape[1])
    assert put_back(reading, Part(0, 4), reading_of("44711"), picture, line.shape[1], 1.0).text == "44711"
