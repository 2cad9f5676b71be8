"""The forms that nodes must share: stable, short, and another list or spelling gives others."""

import re

from bavn.model import forms


def test_forms_name_spelling_and_list(tmp_path, monkeypatch) -> None:
    assert re.fullmatch(forms.FORMS_PATTERN, forms.forms())
    assert forms.same_names(forms.forms())
    assert forms.same_spelling(forms.forms())
    other = f"{forms.CANONICAL_VERSION}-{'0' * 16}"
    assert forms.same_spelling(other)
    assert not forms.same_names(other)
    assert not forms.same_spelling(f"{forms.CANONICAL_VERSION + 1}-{'0' * 16}")
    said = []
    for text in ("// VERSION: 2026-01-01\ncom\n", "// VERSION: 2026-02-02\n// a remark\n\ncom\n", "com\nnet\n"):
        file = tmp_path / "list.dat"
        file.write_text(text)
        monkeypatch.setattr(forms, "PSLFILE", str(file))
        said.append(forms.forms.__wrapped__())
    assert said[0] == said[1] != said[2]
