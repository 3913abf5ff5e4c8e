"""How many characters a reader sees: the extended grapheme clusters of Unicode Standard Annex 29.

`terraform fmt` aligns by these. Python's `unicodedata` has categories, but not the property that defines clusters. A
few ranges here supply the difference. They were checked against terraform 1.11, code point by code point. The
differences are characters newer than Python's Unicode, and joiners after Hangul and flags, where terraform is wrong.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

__all__ = ["count_graphemes"]


def count_graphemes(text: str) -> int:
    """The number of extended grapheme clusters in the text."""
    if text.isascii():
        return len(text) - text.count("\r\n")
    count = 0
    last = "Control"
    # A pictograph and a joiner glue the next pictograph to them; flags are regional letters in pairs.
    pictograph = joined = letter_waits = False
    for char in text:
        kind = _kind(char)
        glued = (
            (last == "CR" and char == "\n")
            or (kind in _ATTACHED and last not in _CONTROLS)
            or (last == "Prepend" and kind not in _CONTROLS)
            or (kind in _HANGUL_AFTER.get(last, ()))
            or (kind == "Pictograph" and joined)
            or (kind == "Letter" and letter_waits)
        )
        if not glued:
            count += 1
        joined = pictograph and kind == "Joiner"
        pictograph = kind == "Pictograph" or (pictograph and kind == "Extend")
        letter_waits = kind == "Letter" and not letter_waits
        last = kind
    return count


_CONTROLS: Final = frozenset({"Control", "CR"})
_ATTACHED: Final = frozenset({"Extend", "SpacingMark", "Joiner"})
_HANGUL_AFTER: Final[dict[str, tuple[str, ...]]] = {
    "L": ("L", "V", "LV", "LVT"),
    "LV": ("V", "T"),
    "V": ("V", "T"),
    "LVT": ("T",),
    "T": ("T",),
}

_EXTEND: Final = ((0x200C, 0x200C), (0xFF9E, 0xFF9F), (0x1F3FB, 0x1F3FF), (0xE0020, 0xE007F))
"""What extends a character without being a mark."""

_PREPEND: Final = (
    *((0x0600, 0x0605), (0x06DD, 0x06DD), (0x070F, 0x070F), (0x0890, 0x0891), (0x08E2, 0x08E2), (0x0D4E, 0x0D4E)),
    *((0x110BD, 0x110BD), (0x110CD, 0x110CD), (0x111C2, 0x111C3), (0x1193F, 0x1193F), (0x11941, 0x11941)),
    *((0x11A3A, 0x11A3A), (0x11A84, 0x11A89), (0x11D46, 0x11D46), (0x11F02, 0x11F02)),
)

_CONTROL: Final = (
    (0x2065, 0x2065),
    (0xFFF0, 0xFFF8),
    (0xFFFD, 0xFFFD),
    (0xE0000, 0xE001F),
    (0xE0080, 0xE00FF),
    (0xE01F0, 0xE0FFF),
)
"""Control characters that are not in the categories for them; terraform counts the replacement character with them."""

_NOT_SPACING: Final = (
    *((0x102B, 0x102C), (0x1038, 0x1038), (0x1062, 0x1064), (0x1067, 0x106D), (0x1083, 0x1083), (0x1087, 0x108C)),
    *((0x108F, 0x108F), (0x109A, 0x109C), (0x1A61, 0x1A61), (0x1A63, 0x1A64), (0xAA7B, 0xAA7B), (0xAA7D, 0xAA7D)),
    (0x11720, 0x11721),
)
"""Spacing marks (`Mc`) of South East Asia that count as characters of their own."""

_PICTOGRAPH: Final = (
    *((0xA9, 0xA9), (0xAE, 0xAE), (0x203C, 0x203C), (0x2049, 0x2049), (0x2122, 0x2122), (0x2139, 0x2139)),
    *((0x2194, 0x2199), (0x21A9, 0x21AA), (0x231A, 0x231B), (0x2328, 0x2328), (0x2388, 0x2388), (0x23CF, 0x23CF)),
    *((0x23E9, 0x23F3), (0x23F8, 0x23FA), (0x24C2, 0x24C2), (0x25AA, 0x25AB), (0x25B6, 0x25B6), (0x25C0, 0x25C0)),
    *((0x25FB, 0x25FE), (0x2600, 0x2605), (0x2607, 0x2612), (0x2614, 0x2685), (0x2690, 0x2705), (0x2708, 0x2712)),
    *((0x2714, 0x2714), (0x2716, 0x2716), (0x271D, 0x271D), (0x2721, 0x2721), (0x2728, 0x2728), (0x2733, 0x2734)),
    *((0x2744, 0x2744), (0x2747, 0x2747), (0x274C, 0x274C), (0x274E, 0x274E), (0x2753, 0x2755), (0x2757, 0x2757)),
    *((0x2763, 0x2767), (0x2795, 0x2797), (0x27A1, 0x27A1), (0x27B0, 0x27B0), (0x27BF, 0x27BF), (0x2934, 0x2935)),
    *((0x2B05, 0x2B07), (0x2B1B, 0x2B1C), (0x2B50, 0x2B50), (0x2B55, 0x2B55), (0x3030, 0x3030), (0x303D, 0x303D)),
    *((0x3297, 0x3297), (0x3299, 0x3299), (0x1F000, 0x1F0FF), (0x1F10D, 0x1F10F), (0x1F12F, 0x1F12F)),
    *((0x1F16C, 0x1F171), (0x1F17E, 0x1F17F), (0x1F18E, 0x1F18E), (0x1F191, 0x1F19A), (0x1F1AD, 0x1F1E5)),
    *((0x1F201, 0x1F20F), (0x1F21A, 0x1F21A), (0x1F22F, 0x1F22F), (0x1F232, 0x1F23A), (0x1F23C, 0x1F23F)),
    *((0x1F249, 0x1F3FA), (0x1F400, 0x1F53D), (0x1F546, 0x1F64F), (0x1F680, 0x1F6FF), (0x1F774, 0x1F77F)),
    *((0x1F7D5, 0x1F7FF), (0x1F80C, 0x1F80F), (0x1F848, 0x1F84F), (0x1F85A, 0x1F85F), (0x1F888, 0x1F88F)),
    *((0x1F8AE, 0x1F8FF), (0x1F90C, 0x1F93A), (0x1F93C, 0x1F945), (0x1F947, 0x1FAFF), (0x1FC00, 0x1FFFD)),
)
"""`Extended_Pictographic`, of Unicode's emoji data."""

_RANGES: Final = (
    ("Joiner", ((0x200D, 0x200D),)),
    ("Extend", _EXTEND),
    ("Prepend", _PREPEND),
    ("Control", _CONTROL),
    ("Other", _NOT_SPACING),
    ("Pictograph", _PICTOGRAPH),
    ("Letter", ((0x1F1E6, 0x1F1FF),)),
    ("SpacingMark", ((0x0E33, 0x0E33), (0x0EB3, 0x0EB3))),
    ("L", ((0x1100, 0x115F), (0xA960, 0xA97C))),
    ("V", ((0x1160, 0x11A7), (0xD7B0, 0xD7C6))),
    ("T", ((0x11A8, 0x11FF), (0xD7CB, 0xD7FB))),
)

_CATEGORIES: Final = {"Mn": "Extend", "Me": "Extend", "Mc": "SpacingMark"} | dict.fromkeys(
    ("Cc", "Cf", "Zl", "Zp"), "Control"
)


@lru_cache(maxsize=4096)
def _kind(char: str) -> str:
    """What a character is for the rules: the names are Unicode's, but for `Letter`, which is a regional indicator."""
    if char == "\r":
        return "CR"
    code = ord(char)
    if 0xAC00 <= code <= 0xD7A3:
        # Hangul syllables: every 28th, which ends without a consonant, may take one more.
        return "LVT" if (code - 0xAC00) % 28 else "LV"
    for kind, ranges in _RANGES:
        if any(first <= code <= last for first, last in ranges):
            return kind
    return _CATEGORIES.get(unicodedata.category(char), "Other")
