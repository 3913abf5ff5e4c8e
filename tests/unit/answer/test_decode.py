"""From bytes to text: encodings and byte order marks."""

from __future__ import annotations

import pytest

from tapfix.answer.decode import decode, has_mark, with_marks
from tapfix.errors import InputError


def test_encodings() -> None:
    assert decode("ä".encode()) == "ä"
    assert decode("ä".encode("utf-8-sig")) == "ä"
    assert decode("ä".encode("utf-16")) == "ä"
    assert decode(b"\xfe\xff" + "ä".encode("utf-16-be")) == "ä"
    for data, message in (
        (b"ab\xff", r"x\.md is not UTF-8 text: byte 2"),
        (b"PK\0\1", r"x\.md is a binary file: byte 2"),
        (b"\xff\xfea", "UTF-16"),
        ("a\0".encode("utf-16"), "binary"),
    ):
        with pytest.raises(InputError, match=message):
            decode(data, "x.md")


def test_a_byte_order_mark_is_taken_off_and_put_back() -> None:
    data = "a = 1\n".encode("utf-8-sig")
    assert has_mark(data)
    text = decode(data)
    assert text == "a = 1\n"
    written = with_marks({"a.tf": text, "b.tf": text}, {"a.tf"})
    assert (written["a.tf"].encode(), written["b.tf"]) == (data, text)
