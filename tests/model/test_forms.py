"""The forms that nodes must share: stable, short, and another list or spelling gives others."""

import re

from bavn.model import forms


def test_forms_name_spelling_and_list() -> None:
    assert re.fullmatch(forms.FORMS_PATTERN, forms.forms())
    assert forms.same_names(forms.forms())
    assert forms.same_spelling(forms.forms())


def test_another_list_is_the_same_spelling_and_not_the_same_names() -> None:
    other = f"{forms.CANONICAL_VERSION}-{'0' * 16}"
    assert forms.same_spelling(other)
    assert not forms.same_names(other)
    assert not forms.same_spelling(f"{forms.CANONICAL_VERSION + 1}-{'0' * 16}")


def test_a_rule_more_changes_the_forms_and_a_remark_does_not(tmp_path, monkeypatch) -> None:
    said = []
    for text in ("// VERSION: 2026-01-01\ncom\n", "// VERSION: 2026-02-02\n// a remark\n\ncom\n", "com\nnet\n"):
        file = tmp_path / "list.dat"
        file.write_text(text)
        monkeypatch.setattr(forms, "PSLFILE", str(file))
        said.append(forms.forms.__wrapped__())
    assert said[0] == said[1] != said[2]
