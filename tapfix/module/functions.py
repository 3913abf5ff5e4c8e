"""Terraform's pure functions, on values of Terraform (tapfix/module/values.py).

A function that is not in a table here evaluates to `UNKNOWN`. What Terraform would refuse raises `Invalid`.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from tapfix.module.values import (
    MAX_SIZE,
    UNKNOWN,
    Invalid,
    as_set,
    is_known,
    number,
    same,
    to_bool,
    to_dict,
    to_int,
    to_list,
    to_number,
    to_string,
    unique,
)


def call(name: str, arguments: Sequence[object]) -> object:
    """The result of a function for these arguments; `UNKNOWN` if it is in no table or depends on an unknown argument.

    Raises Invalid if Terraform would refuse the call.
    """
    function = _LENIENT.get(name)
    if function is None:
        function = FUNCTIONS.get(name)
        if function is None or not all(map(is_known, arguments)):
            return UNKNOWN
    try:
        return function(*arguments)
    except (TypeError, ValueError, KeyError, IndexError, ArithmeticError, UnicodeError, re.error) as error:
        raise Invalid(str(error)) from error


# Functions whose arguments must all be known ---------------------------------------------------------------------


def _each_string(change: Callable[[str], str]) -> Callable[[object], object]:
    return lambda text: change(to_string(text))


def _title(text: str) -> str:
    return re.sub(r"(^|[^\w])(\w)", lambda m: m[1] + m[2].upper(), text)


def _replace(text: object, old: object, new: object) -> str:
    source, wanted, other = map(to_string, (text, old, new))
    if len(wanted) > 1 and wanted[0] == wanted[-1] == "/":
        return re.sub(_pattern(wanted[1:-1]), _regex_template(other), source)
    if (source.count(wanted) + 1) * len(other) > MAX_SIZE:
        raise Invalid("a text that is too long")
    return source.replace(wanted, other)


def _pattern(pattern: str) -> str:
    """The pattern, if RE2 and Python read it alike.

    Raises Invalid for one that may run for long or that only one of them accepts.
    """
    if re.search(r"[*+}]\)?[*+{]|\(\?[^:]|\\[pPQEzC]|\[\[:", pattern):
        raise Invalid("a pattern that tapfix does not judge")
    return pattern


def _regex_template(text: str) -> str:
    return re.sub(r"\$(?:\{(\w+)\}|(\w+))", lambda m: rf"\g<{m[1] or m[2]}>", text.replace("\\", "\\\\"))


def _regex(pattern: object, text: object) -> object:
    found = re.search(_pattern(to_string(pattern)), to_string(text))
    if found is None:
        raise Invalid("the pattern matches nothing")
    if found.re.groupindex:
        return dict(found.groupdict())
    return list(found.groups()) if found.re.groups else found[0]


def _regexall(pattern: object, text: object) -> list[object]:
    compiled = re.compile(_pattern(to_string(pattern)))
    return [list(m.groups()) if compiled.groups else m[0] for m in compiled.finditer(to_string(text))]


def _format(spec: object, *values: object) -> str:
    rest = iter(values)

    def one(match: re.Match[str]) -> str:
        flags, width, precision, verb = match["flags"], match["width"], match["precision"], match["verb"]
        if verb == "%":
            return "%"
        value = next(rest)
        shape = f"%{flags}{width}{'.' + precision if precision is not None else ''}"
        if verb == "s":
            return (shape + "s") % to_string(value)
        if verb == "d":
            return (shape + "d") % to_int(value)
        if verb in "feg":
            return (shape + verb) % to_number(value)
        if verb in "xXo":
            return (shape + verb) % to_int(value)
        if verb == "t":
            return to_string(to_bool(value))
        if verb == "q":
            return json.dumps(to_string(value), ensure_ascii=False)
        text = to_string(value) if not isinstance(value, list | dict) else jsonencode(value)
        return text.rjust(int(width or 0)) if "-" not in flags else text.ljust(int(width or 0))

    pattern = re.compile(r"%(?P<flags>[-+ 0#]*)(?P<width>\d{0,3})(?:\.(?P<precision>\d{0,3}))?(?P<verb>[a-zA-Z%])")
    text = to_string(spec)
    if "%" in pattern.sub("", text):
        raise Invalid("a format that tapfix does not judge")
    try:
        out = pattern.sub(one, text)
    except (StopIteration, RuntimeError) as error:
        raise Invalid("too few arguments for the format") from error
    if next(rest, rest) is not rest:
        raise Invalid("too many arguments for the format")
    return out


def _formatlist(spec: object, *values: object) -> list[object]:
    lists = [v for v in values if isinstance(v, list)]
    if not lists:
        return [_format(spec, *values)]
    if len({len(v) for v in lists}) != 1:
        raise Invalid("lists of different lengths")
    return [_format(spec, *(v[i] if isinstance(v, list) else v for v in values)) for i in range(len(lists[0]))]


def _substr(text: object, offset: object, length: object) -> str:
    source, start, count = to_string(text), to_int(offset), to_int(length)
    start = max(0, start + len(source)) if start < 0 else start
    return source[start:] if count < 0 else source[start : start + count]


def _trim(text: object, cutset: object) -> str:
    return to_string(text).strip(to_string(cutset))


def _split(separator: object, text: object) -> list[object]:
    source, by = to_string(text), to_string(separator)
    if not source:
        return [""] if by else []
    return list(source.split(by)) if by else list(source)


def _join(separator: object, *lists: object) -> str:
    return to_string(separator).join(to_string(v) for values in lists for v in to_list(values))


def _indent(spaces: object, text: object) -> str:
    return to_string(text).replace("\n", "\n" + " " * to_int(spaces))


def jsonencode(value: object) -> str:
    """As Terraform writes it: no spaces, keys sorted, `<`, `>` and `&` escaped."""
    text = json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _element(values: object, index: object) -> object:
    items = to_list(values)
    if not items:
        raise Invalid("element of an empty list")
    return items[to_int(index) % len(items)]


def _index(values: object, wanted: object) -> int:
    for i, value in enumerate(to_list(values)):
        if same(value, wanted):
            return i
    raise Invalid("not in the list")


def _slice(values: object, start: object, end: object) -> list[object]:
    items, first, last = to_list(values), to_int(start), to_int(end)
    if not 0 <= first <= last <= len(items):
        raise Invalid("a slice outside of the list")
    return items[first:last]


def _range(*bounds: object) -> list[object]:
    numbers = [to_number(b) for b in bounds]
    start, limit, step = {1: (0, *numbers, 1), 2: (*numbers, 1), 3: tuple(numbers)}[len(numbers)]
    if len(numbers) < 3 and limit < start:
        step = -1
    if step == 0 or abs((limit - start) / step) > 1024:
        raise Invalid("a range that is too long")
    out: list[object] = []
    while (start < limit) if step > 0 else (start > limit):
        out.append(number(start))
        start += step
    return out


def _flatten(values: object) -> list[object]:
    out: list[object] = []
    for value in to_list(values):
        out.extend(_flatten(value) if isinstance(value, list) else [value])
    return out


def _chunklist(values: object, size: object) -> list[object]:
    items, n = to_list(values), to_int(size)
    return [items] if n == 0 else [items[i : i + n] for i in range(0, len(items), n)]


def _setproduct(*sets: object) -> list[object]:
    out: list[list[object]] = [[]]
    for values in sets:
        out = [[*row, v] for row in out for v in to_list(values)]
        if len(out) > MAX_SIZE:
            raise Invalid("a product that is too large")
    return list(out)


def _transpose(value: object) -> dict[str, object]:
    out: dict[str, list[object]] = {}
    for key, names in sorted(to_dict(value).items()):
        for name in to_list(names):
            out.setdefault(to_string(name), []).append(key)
    return dict(sorted(out.items()))


def _compact(values: object) -> list[object]:
    return [v for v in to_list(values) if v is not None and v != ""]


def _sort(values: object) -> list[object]:
    return list[object](sorted(map(to_string, to_list(values))))


def _reverse(values: object) -> list[object]:
    return to_list(values)[::-1]


def _intersection(*sets: object) -> list[object]:
    first, *others = map(to_list, sets)
    return as_set(v for v in first if all(any(same(v, w) for w in other) for other in others))


def _subtract(left: object, right: object) -> list[object]:
    gone = to_list(right)
    return as_set(v for v in to_list(left) if not any(same(v, g) for g in gone))


def _one(values: object) -> object:
    items = to_list(values)
    if len(items) > 1:
        raise Invalid("more than one element")
    return items[0] if items else None


def _tobool(value: object) -> object:
    return None if value is None else to_bool(value)


def _tonumber(value: object) -> object:
    return None if value is None else to_number(value)


def _tostring(value: object) -> object:
    return None if value is None else to_string(value)


def _numbers(choose: Callable[[list[float]], float]) -> Callable[..., object]:
    return lambda *values: number(choose([to_number(v) for v in values]))


def _whole(change: Callable[[float], float]) -> Callable[[object], object]:
    return lambda value: number(change(to_number(value)))


def _parseint(text: object, base: object) -> int:
    return int(to_string(text), to_int(base))


def _encode(text: object) -> str:
    return base64.b64encode(to_string(text).encode()).decode()


def _decode(text: object) -> str:
    return base64.b64decode(to_string(text), validate=True).decode()


def _sum(values: object) -> object:
    items = to_list(values)
    if not items:
        raise Invalid("a sum of nothing")
    return number(sum(to_number(v) for v in items))


FUNCTIONS: Final[dict[str, Callable[..., object]]] = {
    "abs": _whole(abs),
    "alltrue": lambda values: all(to_bool(v) for v in to_list(values)),
    "anytrue": lambda values: any(to_bool(v) for v in to_list(values)),
    "base64decode": _decode,
    "base64encode": _encode,
    "ceil": _whole(math.ceil),
    "chomp": _each_string(lambda s: s.rstrip("\r\n")),
    "chunklist": _chunklist,
    "compact": _compact,
    "distinct": lambda values: unique(to_list(values)),
    "element": _element,
    "endswith": lambda text, end: to_string(text).endswith(to_string(end)),
    "flatten": _flatten,
    "floor": _whole(math.floor),
    "format": _format,
    "formatlist": _formatlist,
    "indent": _indent,
    "index": _index,
    "join": _join,
    "jsondecode": lambda text: json.loads(to_string(text)),
    "jsonencode": jsonencode,
    "lower": _each_string(str.lower),
    "matchkeys": lambda v, k, s: [a for a, b in zip(v, k, strict=True) if any(same(b, c) for c in s)],
    "max": _numbers(max),
    "min": _numbers(min),
    "one": _one,
    "parseint": _parseint,
    "pow": lambda a, b: number(math.pow(to_number(a), to_number(b))),
    "range": _range,
    "regex": _regex,
    "regexall": _regexall,
    "replace": _replace,
    "reverse": _reverse,
    "setintersection": _intersection,
    "setproduct": _setproduct,
    "setsubtract": _subtract,
    "setunion": lambda *sets: as_set(v for s in sets for v in to_list(s)),
    "signum": _whole(lambda n: (n > 0) - (n < 0)),
    "slice": _slice,
    "sort": _sort,
    "split": _split,
    "startswith": lambda text, start: to_string(text).startswith(to_string(start)),
    "strcontains": lambda text, part: to_string(part) in to_string(text),
    "strrev": _each_string(lambda s: s[::-1]),
    "substr": _substr,
    "sum": _sum,
    "title": _each_string(_title),
    "tobool": _tobool,
    "tonumber": _tonumber,
    "tostring": _tostring,
    "transpose": _transpose,
    "trim": _trim,
    "trimprefix": lambda text, start: to_string(text).removeprefix(to_string(start)),
    "trimspace": _each_string(str.strip),
    "trimsuffix": lambda text, end: to_string(text).removesuffix(to_string(end)),
    "upper": _each_string(str.upper),
}
"""Functions whose arguments must all be known."""


# Functions with a result even if a part of their arguments is unknown ---------------------------------------


def _until_unknown(values: Iterable[object]) -> Iterator[object]:
    for value in values:
        yield value
        if value is UNKNOWN:
            return


def _coalesce(*values: object) -> object:
    for value in _until_unknown(values):
        if value is UNKNOWN or (value is not None and value != ""):
            return value
    raise Invalid("nothing to coalesce")


def _coalescelist(*values: object) -> object:
    for value in _until_unknown(values):
        if value is UNKNOWN or to_list(value):
            return value
    raise Invalid("nothing to coalesce")


def _concat(*lists: object) -> object:
    return UNKNOWN if UNKNOWN in lists else [v for values in lists for v in to_list(values)]


def _contains(values: object, wanted: object) -> object:
    if values is UNKNOWN or not is_known(wanted):
        return UNKNOWN
    items = to_list(values)
    if any(is_known(v) and same(v, wanted) for v in items):
        return True
    return False if all(map(is_known, items)) else UNKNOWN


def _keys(value: object) -> object:
    return UNKNOWN if value is UNKNOWN else sorted(to_dict(value))


def _values(value: object) -> object:
    return UNKNOWN if value is UNKNOWN else [v for _, v in sorted(to_dict(value).items())]


def _length(value: object) -> object:
    return UNKNOWN if value is UNKNOWN else len(value if isinstance(value, list | dict) else to_string(value))


def _lookup(mapping: object, key: object, *default: object) -> object:
    if mapping is UNKNOWN or key is UNKNOWN:
        return UNKNOWN
    found = to_dict(mapping)
    name = to_string(key)
    if name in found:
        return found[name]
    if not default:
        raise Invalid("no such key")
    return default[0]


def _merge(*maps: object) -> object:
    if any(m is UNKNOWN for m in maps):
        return UNKNOWN
    return {k: v for m in maps if m is not None for k, v in to_dict(m).items()}


def _collection(value: object, make: Callable[[Iterable[object]], list[object]]) -> object:
    return value if value is UNKNOWN or value is None else make(to_list(value))


def _toset(value: object) -> object:
    return _collection(value, as_set)


def _tolist(value: object) -> object:
    return _collection(value, list)


def _tomap(value: object) -> object:
    return value if value is UNKNOWN or value is None else to_dict(value)


def _zipmap(keys: object, values: object) -> object:
    if values is UNKNOWN or not is_known(keys):
        return UNKNOWN
    return dict(zip(map(to_string, to_list(keys)), to_list(values), strict=True))


def _itself(value: object) -> object:
    return value


_LENIENT: Final[dict[str, Callable[..., object]]] = {
    "coalesce": _coalesce,
    "coalescelist": _coalescelist,
    "concat": _concat,
    "contains": _contains,
    "keys": _keys,
    "length": _length,
    "lookup": _lookup,
    "merge": _merge,
    "nonsensitive": _itself,
    "sensitive": _itself,
    "tolist": _tolist,
    "tomap": _tomap,
    "toset": _toset,
    "values": _values,
    "zipmap": _zipmap,
}
