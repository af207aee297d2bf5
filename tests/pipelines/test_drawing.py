"""Labels as pictures can show them."""

from pipelines.drawing import legible


def test_japanese_is_drawn_long_names_are_cut_and_formulas_are_text() -> None:
    assert legible(["猫", "ひらがな", "a" * 30, "$x$"], 10) == ["猫", "ひらがな", "aaaaaaaaa…", r"\$x\$"]


def test_a_label_that_no_font_has_is_its_number() -> None:
    assert legible(["cat", "𓀀"]) == ["cat", "#1"]
