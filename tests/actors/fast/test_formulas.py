"""Signs of formulas are told from plain text."""

from __future__ import annotations

import pytest

from actors.engines.fast.formulas import looks_like_formula


@pytest.mark.parametrize("text", ["−∇U ≤ 0", "10 m²", "①第一", "3 × 4", "½ cup", "∑ aᵢ"])
def test_formulas(text: str) -> None:
    assert looks_like_formula(text)


@pytest.mark.parametrize("text", ["", "2 + 3 = 5", "<b>|~", "Größe: 5 €", "发票 12", "αβγ", "10,00 – 20 %"])
def test_plain_text(text: str) -> None:
    assert not looks_like_formula(text)
