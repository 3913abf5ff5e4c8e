"""Writes `constraints.bin`: the values that the AWS provider refuses, from its own messages.

    python -m tapfix.schema._probe [--cli-config FILE] [--terraform BINARY]

The schema of a provider does not contain that `engine` is one of nine words or that `port` ends at 65535, but its
validation checks it. So this writes one block of each type, sets each argument to an odd value, runs `terraform
validate`, and reads the messages:

    expected ip_address_type to be one of ["ipv4" "dualstack"], got ~ probe ~
    Attribute auth_session_validity value must be between 3 and 15, got: 987654321
    "role_arn" (~ probe ~) is an invalid ARN: arn: invalid prefix
    "cluster_identifier": conflicts with cluster_identifier_prefix

For arguments that exclude each other the provider reports only that. So the run is repeated with some of them left out,
until each has been set without those that it excludes.

Only messages of known forms become rows; free text is left out. A row is `[path, kind, operands…]` under its type, see
`tapfix.schema.constraints`.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from tapfix.schema import BlockSchema, CtyType, TypeSchema, load
from tapfix.schema._generate import terraform_arguments, terraform_environment
from tapfix.schema._store import pack
from tapfix.schema.constraints import CATALOG, DATA_FILE

# Types whose blocks nest so deeply that one of each would make a module of megabytes.
SKIPPED: Final = ("quicksight_analysis", "quicksight_dashboard", "quicksight_template", "wafv2_", "lexv2models_intent")
MAX_DEPTH: Final = 6

MODES: Final[Mapping[str, tuple[str, str]]] = {
    "odd": ('"~ probe ~"', "987654321"),
    "long": (f'"{"a" * 300}"', "-987654321"),
    "empty": ('""', "0"),
    "none": ("", ""),
}
"""The string and the number that each argument is set to, by mode. In "none" no argument is set."""

_HEAD: Final = """\
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 5.0" }
  }
}
provider "aws" { region = "us-east-1" }
"""

_WORDS: Final = r'\[((?:"[^"]*"\s*)+)\]'
_PLAIN: Final = re.compile(r"[^\s:]+: \S+|\S+")
"""One of the words of a list without quotes. `One-Way: Outgoing` is one word."""
_PATTERNS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    ("enum", re.compile(r"expected (?P<path>\S+) to be one of " + _WORDS.replace("(", "(?P<words>", 1) + ", got")),
    (
        "enum",
        re.compile(r"Attribute (?P<path>\S+) value must be one of: " + _WORDS.replace("(", "(?P<words>", 1) + ", got"),
    ),
    ("enum", re.compile(r"Path: (?P<path>\S+)\nGiven Value: .*\nValid Values: \[(?P<plain>[^\]]*)\]")),
    ("range", re.compile(r"expected (?P<path>\S+) to be in the range \((?P<low>-?\d+) - (?P<high>-?\d+)\), got")),
    ("range", re.compile(r"Attribute (?P<path>\S+) value must be between (?P<low>-?\d+) and (?P<high>-?\d+), got")),
    ("range", re.compile(r"expected (?P<path>\S+) to be at least \((?P<low>-?\d+)\), got")),
    ("range", re.compile(r"expected (?P<path>\S+) to be at most \((?P<high>-?\d+)\), got")),
    ("range", re.compile(r"Attribute (?P<path>\S+) value must be at least (?P<low>-?\d+), got")),
    ("range", re.compile(r"Attribute (?P<path>\S+) value must be at most (?P<high>-?\d+), got")),
    ("numbers", re.compile(r"expected (?P<path>\S+) to be one of \[(?P<plain>(?:-?\d+ ?)+)\], got")),
    (
        "length",
        re.compile(r"expected length of (?P<path>\S+) to be in the range \((?P<low>\d+) - (?P<high>\d+)\), got"),
    ),
    (
        "length",
        re.compile(r"Attribute (?P<path>\S+) string length must be between (?P<low>\d+) and (?P<high>\d+), got"),
    ),
    ("length", re.compile(r'"(?P<path>[^"]+)" cannot be (?:less|shorter) than (?P<low>\d+) characters')),
    ("length", re.compile(r'"(?P<path>[^"]+)" cannot be longer than (?P<high>\d+) characters')),
    ("length", re.compile(r'"(?P<path>[^"]+)" cannot be greater than (?P<high>\d+) characters')),
    (
        "pattern",
        re.compile(r"expected value of (?P<path>\S+) to match regular expression \"(?P<pattern>.*)\", got", re.DOTALL),
    ),
    ("pattern", re.compile(r'"(?P<path>[^"]+)" doesn\'t comply with restrictions \("(?P<pattern>.*)"\):', re.DOTALL)),
    ("arn", re.compile(r'"(?P<path>[^"]+)" \(.*\) is an invalid ARN')),
    ("arn", re.compile(r"The provided value cannot be parsed as an ARN\.\n\nPath: (?P<path>\S+)\n")),
    ("json", re.compile(r'"(?P<path>[^"]+)" contains an invalid JSON')),
    ("account", re.compile(r'"(?P<path>[^"]+)" doesn\'t look like AWS Account ID')),
    ("port", re.compile(r'expected "(?P<path>[^"]+)" to be a valid port number, got')),
    ("port0", re.compile(r'expected "(?P<path>[^"]+)" to be a valid port number or 0, got')),
    ("cidr", re.compile(r'expected "(?P<path>[^"]+)" to be a valid (?:IPv4 )?CIDR')),
    ("conflict", re.compile(r'"(?P<path>[^"]+)": conflicts with (?P<other>[\w.]+)')),
    ("one", re.compile(r'"(?P<path>[^"]+)": only one of `(?P<group>[\w.,]+)` can be specified')),
    ("some", re.compile(r'"(?P<path>[^"]+)": one of `(?P<group>[\w.,]+)` must be specified')),
)
_INDEPENDENT: Final = frozenset({"length", "pattern", "json", "cidr", "conflict", "one", "some"})
"""The kinds that hold whatever else the provider reports about the argument."""
_CIDR: Final = re.compile(r'"(?:~ probe ~|a{300}|)" is not a valid (?:IPv4 )?CIDR block')
_INDEX: Final = re.compile(r"\.\d+|\[[^\]]*\]")


class ProviderMessage(NamedTuple):
    """A diagnostic of the provider, and the argument on its line: the kind and type of the block, the path in it."""

    kind: str
    type: str
    path: tuple[str, ...]
    text: str


def main(arguments: list[str] | None = None) -> None:
    parser = terraform_arguments("Writes the data file of the values that the AWS provider refuses.")
    given = parser.parse_args(arguments)
    environment = terraform_environment(given.cli_config)
    messages = [(mode, ask(mode, given.terraform, environment)) for mode in MODES]
    for left_out in without_conflicts(collect(messages)):
        messages += [(mode, ask(mode, given.terraform, environment, left_out)) for mode in MODES if mode != "none"]
    merged = collect(messages)
    DATA_FILE.write_bytes(packed(merged))
    count, size = sum(map(len, merged.values())), DATA_FILE.stat().st_size // 1024
    print(f"{DATA_FILE.name}: {count} constraints on {len(merged)} types, {size} KiB")


def packed(rows: Mapping[str, list[list[Any]]]) -> bytes:
    """The bytes of the data file, from rows by kind and type, such as `resource.aws_lb`."""
    kinds: dict[str, dict[str, bytes]] = {}
    for name, found in rows.items():
        kind, type = name.split(".")
        kinds.setdefault(kind, {})[type] = json.dumps(found, separators=(",", ":")).encode()
    return pack({CATALOG: kinds}, [source for source in load(5).sources if source["catalog"] == CATALOG])


# --- asking -----------------------------------------------------------------------------------------------------


def ask(
    mode: str, terraform: str, environment: Mapping[str, str], left_out: Mapping[str, frozenset[str]] | None = None
) -> list[ProviderMessage]:
    """The messages of the provider about one block of each type.

    Each block has a file of its own, because terraform is slow to quote from long files. `left_out` names the arguments
    (as dotted paths) that are not set, by kind and type; if it is given, only its types are validated.
    """
    schema = load(5)
    places: dict[str, dict[int, tuple[str, ...]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "main.tf").write_text(_HEAD)
        for kind, names, find in (
            ("resource", schema.resource_types(), schema.resource),
            ("data", schema.data_source_types(), schema.data_source),
        ):
            for name in names:
                found = find(name)
                if found is None or not name.startswith("aws_") or any(word in name for word in SKIPPED):
                    continue
                if left_out is not None and f"{kind}.{name}" not in left_out:
                    continue
                without = left_out[f"{kind}.{name}"] if left_out else frozenset[str]()
                lines, where = _block(kind, found, mode, without)
                places[f"{kind}.{name}.tf"] = where
                Path(folder, f"{kind}.{name}.tf").write_text("\n".join(lines))
        for command in (["init", "-input=false"], ["validate", "-json"]):
            done = subprocess.run(
                [terraform, *command], cwd=folder, env=dict(environment), capture_output=True, text=True, check=False
            )
    messages = []
    for diagnostic in json.loads(done.stdout)["diagnostics"]:
        file = diagnostic.get("range", {}).get("filename", "")
        if diagnostic["severity"] == "error" and file in places:
            kind, name, _ = file.split(".")
            path = places[file].get(diagnostic["range"]["start"]["line"], ())
            messages.append(
                ProviderMessage(kind, name, path, f"{diagnostic['summary']}\n{diagnostic.get('detail', '')}")
            )
    return messages


def _block(
    kind: str, schema: TypeSchema, mode: str, left_out: frozenset[str]
) -> tuple[list[str], dict[int, tuple[str, ...]]]:
    lines = [f'{kind} "{schema.name}" "probe" {{']
    where: dict[int, tuple[str, ...]] = {1: ()}
    if mode != "none":
        _body(schema, mode, (), left_out, lines, where)
    lines.append("}\n")
    return lines, where


def _body(
    schema: BlockSchema,
    mode: str,
    path: tuple[str, ...],
    left_out: frozenset[str],
    lines: list[str],
    where: dict[int, tuple[str, ...]],
) -> None:
    for name, attribute in schema.attributes.items():
        wanted = attribute.required or ".".join((*path, name)) not in left_out
        if attribute.settable and wanted and not (name == "id" and not path):
            lines.append(f"{name} = {_value(attribute.type, mode)}")
            where[len(lines)] = (*path, name)
    for name, nested in schema.blocks.items():
        if name != "timeouts" and len(path) < MAX_DEPTH and ".".join((*path, name)) not in left_out:
            lines.append(f"{name} {{")
            where[len(lines)] = (*path, name)
            _body(nested.block, mode, (*path, name), left_out, lines, where)
            lines.append("}")


def _value(kind: CtyType, mode: str) -> str:
    text, number = MODES[mode]
    match kind:
        case "number":
            return number
        case "bool":
            return "true"
        case ["list" | "set", element]:
            return f"[{_value(element, mode)}]"
        case ["map", element]:
            return f'{{ "key" = {_value(element, mode)} }}'
        case ["object", members]:
            return "{ " + ", ".join(f"{name} = {_value(member, mode)}" for name, member in members.items()) + " }"
    return text


def without_conflicts(rows: Mapping[str, Sequence[Sequence[Any]]]) -> Iterator[dict[str, frozenset[str]]]:
    """The arguments to leave out of each type so that no two of the others exclude each other.

    Each item is another choice; together the choices keep each argument at least once.
    """
    rivals: dict[str, dict[str, set[str]]] = {}
    for name, found in rows.items():
        for path, kind, *operands in found:
            if kind in ("conflict", "one"):
                for other in operands[0] if kind == "one" else operands:
                    if other != path:
                        rivals.setdefault(name, {}).setdefault(path, set()).add(other)
                        rivals[name].setdefault(other, set()).add(path)
    waiting = {name: set(each) for name, each in rivals.items()}
    while waiting:
        left_out = {}
        for name, due in list(waiting.items()):
            kept: set[str] = set()
            for path in sorted(rivals[name], key=lambda path: (path not in due, path)):
                if not kept & rivals[name][path]:
                    kept.add(path)
            left_out[name] = frozenset(rivals[name].keys() - kept)
            due -= kept
            if not due:
                del waiting[name]
        yield left_out


# --- reading ----------------------------------------------------------------------------------------------------


def collect(runs: Iterable[tuple[str, Iterable[ProviderMessage]]]) -> dict[str, list[list[Any]]]:
    """The rows of each type, from the messages of each run: its mode, and the messages.

    If the provider also reports something in free text about an argument, its other messages may state one of several
    ways to satisfy it ("one of these engines, or a name that begins with custom-"). So no list of words or numbers is
    kept for that argument.
    """
    rows: dict[str, list[list[Any]]] = {}
    doubtful: set[tuple[str, str]] = set()
    for mode, messages in runs:
        for message in messages:
            name = f"{message.kind}.{message.type}"
            found = list(read(message, mode))
            if not found and mode != "none" and "must be specified" not in message.text:
                doubtful.add((name, ".".join(message.path)))
                said = set(re.findall(r"\w+", message.text))
                doubtful.update((name, ".".join(path)) for path in _paths_below(message) if path[-1] in said)
            known = rows.setdefault(name, [])
            known += [row for row in found if row not in known]
    return {
        name: sorted(
            _merge([row for row in found if row[1] in _INDEPENDENT or (name, row[0]) not in doubtful]), key=json.dumps
        )
        for name, found in sorted(rows.items())
        if found
    }


def read(message: ProviderMessage, mode: str) -> Iterator[list[Any]]:
    """The row that a message states, if it has a known form. `mode` is the mode of its run."""
    if _CIDR.search(message.text) and message.path:
        yield [".".join(message.path), "cidr"]
        return
    for kind, pattern in _PATTERNS:
        match = pattern.search(message.text)
        if match is None:
            continue
        path = _named(match["path"], message) if kind in ("conflict", "one", "some") else _path(match["path"], message)
        if path is None:
            return
        found = _operands(kind, match.groupdict())
        if found is not None and (kind != "some" or mode == "none"):
            yield [path, kind, *found]
        return


def _path(said: str, message: ProviderMessage) -> str | None:
    """The argument that a message is about: by the path in its text if the type has it, else by its line."""
    path = _INDEX.sub("", said)
    whole = ".".join(message.path)
    if whole == path or whole.endswith("." + path):
        return whole
    if "." in path and _exists(message, path.split(".")):
        return path
    # A message about a block in a set has the line of the outermost block, and only the name of the argument.
    below = [each for each in _paths_below(message) if each[-1] == path]
    return ".".join(below[0]) if len(below) == 1 else None


def _paths_below(message: ProviderMessage) -> Iterator[tuple[str, ...]]:
    """The arguments of the block that a message is about, and of the blocks in it."""
    block = _schema(message, message.path)
    todo = [(message.path, block)] if block is not None and message.path else []
    while todo:
        path, block = todo.pop()
        yield from ((*path, name) for name in block.attributes)
        if len(path) < MAX_DEPTH:
            todo += [((*path, name), nested.block) for name, nested in block.blocks.items()]


def _named(said: str, message: ProviderMessage) -> str | None:
    """The argument or block that a message about several arguments names by its whole path."""
    path = _INDEX.sub("", said)
    return path if _exists(message, path.split(".")) else None


def _exists(message: ProviderMessage, path: Sequence[str]) -> bool:
    block = _schema(message, path[:-1])
    return block is not None and path[-1] in block


def _schema(message: ProviderMessage, path: Sequence[str]) -> BlockSchema | None:
    """The schema of the block at a path in the type that a message is about."""
    known = load(5).of(message.kind, message.type)
    return known.inner(path) if known is not None else None


def _operands(kind: str, groups: Mapping[str, str | None]) -> list[Any] | None:
    match kind:
        case "enum":
            words = re.findall(r'"([^"]*)"', groups.get("words") or "") or _PLAIN.findall(groups.get("plain") or "")
            return [words] if words else None
        case "numbers":
            return [[int(number) for number in (groups["plain"] or "").split()]]
        case "range" | "length":
            return [_number(groups.get("low")), _number(groups.get("high"))]
        case "pattern":
            return _pattern(groups["pattern"] or "")
        case "conflict":
            return [_INDEX.sub("", groups["other"] or "")]
        case "one" | "some":
            return [sorted(_INDEX.sub("", name) for name in (groups["group"] or "").split(","))]
    return []


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)


def _pattern(text: str) -> list[Any] | None:
    """A Go pattern, if it means the same in Python: without named character classes and without flags in it."""
    try:
        pattern = json.loads(f'"{text}"')
    except ValueError:
        pattern = text
    if "[[:" in pattern or "\\p" in pattern or "\\z" in pattern or "(?" in pattern.replace("(?:", ""):
        return None
    try:
        re.compile(pattern)
    except re.error:
        return None
    return [pattern]


def _merge(rows: list[list[Any]]) -> list[list[Any]]:
    """The rows, with the two bounds of an argument in one row where two runs found one each."""
    halves: dict[tuple[str, str], list[Any]] = {}
    whole = []
    for row in rows:
        if row[1] not in ("range", "length") or None not in row[2:]:
            whole.append(row)
            continue
        known = halves.setdefault((row[0], row[1]), [row[0], row[1], None, None])
        known[2] = row[2] if known[2] is None else known[2]
        known[3] = row[3] if known[3] is None else known[3]
    return whole + list(halves.values())


if __name__ == "__main__":
    main()
