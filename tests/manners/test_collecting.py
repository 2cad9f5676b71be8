"""What is not read while tests are collected holds no test that was asked for (tests/conftest.py)."""

from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


def test_a_test_is_marked_slow_where_the_collector_looks() -> None:
    """In its own file or in a conftest.py above it: a marker from elsewhere would be overlooked, its tests with it."""
    holding = [file for file in TESTS.rglob("*.py") if ".mark.slow" in file.read_text(encoding="utf-8")]
    elsewhere = [file.name for file in holding if not file.name.startswith("test_") and file.name != "conftest.py"]
    assert elsewhere == []
