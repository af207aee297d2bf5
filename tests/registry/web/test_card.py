"""A card's Markdown as a page shows it."""

from registry.web.card import card

SOURCE = """---
license: apache-2.0
tags:
- <b>x</b>
---
# Digits

Reads **handwritten** digits, see [the paper](https://example.org/x) and ![a picture](https://example.org/x.png).

| metric | value |
|---|---|
| accuracy | 0.99 |

<script>alert(1)</script> <img src=x onerror=alert(1)> <https://example.org> [x]: javascript:alert(1)
"""


def test_a_card_is_its_head_and_its_text() -> None:
    found = card(SOURCE)
    assert found.head == "license: apache-2.0\ntags:\n- <b>x</b>"
    assert "<h3>Digits</h3>" in found.text
    assert "<strong>handwritten</strong>" in found.text
    assert "<td>0.99</td>" in found.text


def test_it_brings_no_elements_links_or_pictures_of_its_own() -> None:
    text = card(SOURCE).text
    assert not any(one in text for one in ("<script", "<img", "<a ", "href="))
    assert "&lt;script&gt;" in text


def test_a_card_without_a_head_is_all_text() -> None:
    assert card("# A\n---\nb").head == ""
    assert card("---\nnever ends").head == ""
    assert card("").text == ""
