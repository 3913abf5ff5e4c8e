"""What the prompt demanded, as data: the contract of ``tapfix.toml``.

A rule that changes what a stack means needs somebody's word for it, and the contract is that word. Every table of
the file is a class here and every key one of its clauses; what a key may hold stands in the clause, which the reader,
the error messages and the JSON Schema share. A contract is a value: it hashes, compares, pickles, and never changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, Self, TypeVar, cast

from tapfix.errors import TapfixError

FILE_NAME = "tapfix.toml"

_IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_-]*"
_REGION = r"[a-z]{2}(?:-[a-z]+)+-\d"
_TYPE = r"[a-z][a-z0-9]*_[a-z0-9_]+\*?"
_FILE_PATH = r"(?!/)(?!.*(?:^|[/\\])\.\.(?:[/\\]|$))(?![A-Za-z]:)[^\\\0]+"


class ContractError(TapfixError):
    """A contract file that says something unknown or impossible; the message starts with its name, line and column."""

    def __init__(self, message: str, name: str = FILE_NAME, line: int = 0, column: int = 0) -> None:
        super().__init__(f"{name}:{line}:{column}: {message}" if line else f"{name}: {message}")
        self.message = message
        self.name = name
        self.line = line
        self.column = column

    def __reduce__(self) -> tuple[type[ContractError], tuple[str, str, int, int]]:
        return type(self), (self.message, self.name, self.line, self.column)


# --- kinds of values --------------------------------------------------------------------------------------------------


class Kind(NamedTuple):
    """What a key may hold: how to read it from TOML, how to name it in a message, and its JSON Schema."""

    expected: str
    read: Callable[[object], Any]
    """Returns the value as the contract keeps it, or raises ``ValueError``."""
    schema: Mapping[str, Any]
    write: Callable[[Any], Any] = lambda value: value
    """The value as TOML and JSON know it."""


def _only(condition: bool) -> None:
    if not condition:
        raise ValueError


def boolean() -> Kind:
    def read(value: object) -> bool:
        _only(isinstance(value, bool))
        return cast(bool, value)

    return Kind("true or false", read, {"type": "boolean"})


def text(pattern: str = "", expected: str = "a string") -> Kind:
    """A string, whole or not at all of ``pattern``."""

    def read(value: object) -> str:
        _only(isinstance(value, str) and (not pattern or re.fullmatch(pattern, value) is not None))
        return cast(str, value)

    return Kind(expected, read, {"type": "string", **({"pattern": f"^(?:{pattern})$"} if pattern else {})})


def choice(*words: str) -> Kind:
    def read(value: object) -> str:
        _only(value in words)
        return cast(str, value)

    return Kind("one of " + ", ".join(f'"{word}"' for word in words), read, {"enum": list(words)})


def texts(pattern: str = "", expected: str = "a list of strings", least: int = 0) -> Kind:
    """A list of different strings."""
    one = text(pattern)

    def read(value: object) -> tuple[str, ...]:
        _only(isinstance(value, list) and len(value) >= least)
        found = tuple(one.read(item) for item in cast(list[object], value))
        _only(len(set(found)) == len(found))
        return found

    schema: dict[str, Any] = {"type": "array", "items": one.schema, "uniqueItems": True}
    if least:
        schema["minItems"] = least
    return Kind(expected, read, schema, list)


def number(least: int = 0, expected: str = "a whole number") -> Kind:
    def read(value: object) -> int:
        _only(isinstance(value, int) and not isinstance(value, bool) and value >= least)
        return cast(int, value)

    return Kind(expected, read, {"type": "integer", "minimum": least})


def numbers(expected: str = "a list of different whole numbers") -> Kind:
    one = number()

    def read(value: object) -> tuple[int, ...]:
        _only(isinstance(value, list))
        found = tuple(one.read(item) for item in cast(list[object], value))
        _only(len(set(found)) == len(found))
        return found

    return Kind(expected, read, {"type": "array", "items": one.schema, "uniqueItems": True}, list)


def pairs(value: Kind, expected: str) -> Kind:
    """A table of names with values of one kind; kept as pairs in the order of the names, so that it hashes."""

    def read(stated: object) -> tuple[tuple[str, Any], ...]:
        _only(isinstance(stated, dict))
        return tuple(
            sorted((name, _read_item(value, name, item)) for name, item in cast(dict[str, object], stated).items())
        )

    return Kind(expected, read, {"type": "object", "additionalProperties": value.schema}, dict)


def _read_item(value: Kind, name: str, item: object) -> Any:
    """The value of one name in a table of pairs; a wrong one is told by its name."""
    try:
        return value.read(item)
    except ValueError:
        raise ValueError(name) from None


# --- values -----------------------------------------------------------------------------------------------------------


class Clause(NamedTuple):
    """A key of a table: its default, what it may hold, and what it means."""

    default: Any
    kind: Kind
    doc: str


def clause(default: Any, kind: Kind, doc: str) -> Any:
    """The clause, as the value that it stands for in a table's class."""
    return Clause(default, kind, doc)


class Table:
    """A value that is made of the parts of its class: clauses, or whole tables as they are by default.

    It is what a frozen dataclass would be, but for the methods which that has compiled at every start, at a millisecond a table.
    """

    def __init__(self, **stated: Any) -> None:
        if unknown := stated.keys() - type(self).__annotations__.keys():
            raise TypeError(f"{type(self).__name__} has no {', '.join(sorted(unknown))}")
        parts = _parts(type(self)).items()
        vars(self).update({key: part.default if isinstance(part, Clause) else part for key, part in parts} | stated)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other._values() == self._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{key}={value!r}' for key, value in vars(self).items())})"

    def __setattr__(self, key: str, value: object) -> NoReturn:
        raise AttributeError(f"{key} stays as it is: a contract never changes")

    def _values(self) -> tuple[Any, ...]:
        return tuple(vars(self)[key] for key in _parts(type(self)))


def _parts(table: type[Table]) -> dict[str, Clause | Table]:
    return {key: part for key, part in vars(table).items() if isinstance(part, Clause | Table)}


# --- the tables -------------------------------------------------------------------------------------------------------


class Deliverable(Table):
    """The files that the answer is to consist of."""

    main: str = clause(
        "tap_stack.tf", text(_FILE_PATH + r"\.tf", "a relative path that ends in .tf"), "The file that holds the stack."
    )
    single_file: bool = clause(False, boolean(), "Whether `main` has to be the only .tf file.")
    prose: bool = clause(False, boolean(), "Whether the answer may hold anything but its files.")
    modules: str = clause(
        "any", choice("any", "local", "none"), "Which modules may be called: any, those in the answer, or none."
    )
    provider_block: bool = clause(True, boolean(), "Whether a `provider` block may stand in the files.")


class Topology(Table):
    """How many stacks there are, and what tells them apart."""

    regions: str = clause(
        "single",
        choice("single", "multi"),
        "One region for each environment, or several in one stack (TAP001 stands down).",
    )
    environments: tuple[str, ...] = clause(
        ("dev", "staging", "prod"),
        texts(_IDENTIFIER, "a list of different environment names"),
        "The environments; each has its NAME.tfvars.",
    )
    allowed_regions: tuple[str, ...] = clause(
        (), texts(_REGION, "a list of AWS regions"), "The only regions that may be written out; empty for any."
    )


class Lifecycle(Table):
    """What becomes of the stack."""

    destroyable: bool = clause(True, boolean(), "Whether `terraform destroy` has to leave nothing.")


class Compute(Table):
    """How instances are run."""

    autoscaling: bool = clause(True, boolean(), "Whether instances run in an Auto Scaling group.")
    ami_variable: str = clause(
        "ami_id", text(rf"{_IDENTIFIER}|", 'a variable\'s name, or "" for none'), "The variable that overrides the AMI."
    )


class Tags(Table):
    """How resources are tagged."""

    expression: str = clause(
        "merge(local.tags, var.extra_tags, { Name = NAME })",
        text(),
        'The expression of every `tags`; NAME stands for the resource\'s name, "" for no rule.',
    )
    keys: tuple[str, ...] = clause((), texts(), "Keys that every taggable resource has to have.")


class Services(Table):
    """What the project says about itself."""

    metadata: str = clause(
        "metadata.json", text(rf"(?:{_FILE_PATH})?", 'a relative path, or ""'), "The file that lists the services used."
    )


class Require(Table):
    """What has to be there."""

    variables: tuple[str, ...] = clause(
        (), texts(_IDENTIFIER, "a list of names"), "Variables that have to be declared."
    )
    outputs: tuple[str, ...] = clause((), texts(_IDENTIFIER, "a list of names"), "Outputs that have to be declared.")
    resources: tuple[tuple[str, int], ...] = clause(
        (),
        pairs(number(1), "a table of resource types and numbers from 1 up"),
        "Resource types, and how many at least.",
    )
    terraform_version: str = clause("", text(), 'The `required_version`, such as ">= 1.5"; "" for any or none.')
    aws_provider_version: str = clause("", text(), 'The version of the AWS provider, such as "~> 5.0".')


class Forbid(Table):
    """What may not be there."""

    resources: tuple[str, ...] = clause(
        (), texts(_TYPE, "a list of resource types; a * at the end stands for any ending"), "Resource types."
    )
    iam_wildcards: bool = clause(False, boolean(), "Whether `*` as an IAM action or resource is forbidden.")
    open_ingress: bool = clause(False, boolean(), "Whether security groups may not let the whole world in.")
    open_ports: tuple[int, ...] = clause((), numbers(), "Ports that may be open to the world all the same.")


class Names(Table):
    """How things are named."""

    suffix_variable: str = clause(
        "", text(rf"{_IDENTIFIER}|", 'a variable\'s name, or "" for none'), "A variable that stands in every name."
    )


class Data(Table):
    """How data is kept."""

    encrypted: bool = clause(False, boolean(), "Whether everything that can be encrypted at rest has to be.")
    log_retention_days: int = clause(0, number(), "The retention of every log group; 0 for any.")
    engine_versions: tuple[tuple[str, str], ...] = clause(
        (),
        pairs(text(r"\d+(?:\.\d+)*", "a version"), "a table of database engines and versions"),
        "Database engines and the versions they have to be of; 15 allows 15.4.",
    )


class Rules(Table):
    """Which rules run."""

    select: tuple[str, ...] = clause(("TAP",), texts(r"\S+"), "Ids, names or prefixes of ids of the rules that run.")
    ignore: tuple[str, ...] = clause((), texts(r"\S+"), "Rules that do not run, though selected.")


class Contract(Table):
    """What the prompt demanded."""

    deliverable: Deliverable = Deliverable()
    topology: Topology = Topology()
    lifecycle: Lifecycle = Lifecycle()
    compute: Compute = Compute()
    tags: Tags = Tags()
    services: Services = Services()
    require: Require = Require()
    forbid: Forbid = Forbid()
    names: Names = Names()
    data: Data = Data()
    rules: Rules = Rules()
    source: str = ""
    """The name of the file it was read from, which is no part of the value; empty for the built-in contract."""

    @classmethod
    def default(cls) -> Self:
        """The built-in contract."""
        return cls()

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The contract in the file ``path``."""
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            raise ContractError(f"cannot be read: {error.strerror or error}", str(path)) from None
        try:
            content = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ContractError(f"is not UTF-8 text: byte {error.start}", str(path)) from None
        return cls.from_toml(content, str(path))

    @classmethod
    def locate(cls, folder: str | Path) -> Path | None:
        """The contract file in ``folder`` or the nearest folder above it."""
        start = Path(folder).absolute()
        for candidate in (start, *start.parents):
            if (path := candidate / FILE_NAME).is_file():
                return path
        return None

    @classmethod
    def find(cls, folder: str | Path) -> Self:
        """The contract beside or above ``folder``, the built-in one where there is none."""
        path = cls.locate(folder)
        return cls.default() if path is None else cls.load(path)

    @classmethod
    def from_toml(cls, content: str, name: str = FILE_NAME) -> Self:
        """The contract that ``content`` states; what it leaves out is as in the built-in one."""
        import tomllib

        try:
            stated = tomllib.loads(content)
        except tomllib.TOMLDecodeError as error:
            message, line, column = _syntax_error(str(error), content)
            raise ContractError(message, name, line, column) from None
        return cls(**_Reader(content, name).tables(cls, stated), source=name)

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """The contract as plain data, every clause of it."""
        return {table: _plain(getattr(self, table)) for table, _ in tables(type(self))}

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """The JSON Schema of the contract file, for editors; docs/tapfix.schema.json holds it."""
        return {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": "tapfix.toml: what a prompt demanded of a Terraform answer",
            "type": "object",
            "additionalProperties": False,
            "properties": {name: _table_schema(table) for name, table in tables(cls)},
        }


T = TypeVar("T", bound=Table)


def tables(contract: type[Table]) -> tuple[tuple[str, type[Table]], ...]:
    """Name and class of each table of a contract, in order."""
    return tuple((name, type(part)) for name, part in _parts(contract).items() if isinstance(part, Table))


def clauses(table: type[Table]) -> dict[str, Clause]:
    """The clauses of a table, by key."""
    return {key: part for key, part in _parts(table).items() if isinstance(part, Clause)}


def _plain(table: Table) -> dict[str, Any]:
    return {key: clause.kind.write(getattr(table, key)) for key, clause in clauses(type(table)).items()}


def _table_schema(table: type[Table]) -> dict[str, Any]:
    properties = {
        key: {"description": clause.doc, **clause.kind.schema, "default": clause.kind.write(clause.default)}
        for key, clause in clauses(table).items()
    }
    return {
        "description": (table.__doc__ or "").strip(),
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }


# --- reading, with places ---------------------------------------------------------------------------------------------


class _Reader(NamedTuple):
    """Turns what tomllib read into tables, and knows where in the text to point when it cannot."""

    content: str
    name: str

    def tables(self, contract: type[Table], stated: Mapping[str, Any]) -> dict[str, Any]:
        known = dict(tables(contract))
        read: dict[str, Any] = {}
        for table, values in stated.items():
            if table not in known:
                raise self.error(f"unknown table [{table}]{_meant(table, known)}", (table,))
            if not isinstance(values, dict):
                raise self.error(f"{table} is a table: write [{table}]", (table,))
            read[table] = self.table(table, known[table], values)
        return read

    def table(self, name: str, table: type[T], values: Mapping[str, Any]) -> T:
        known = clauses(table)
        read: dict[str, Any] = {}
        for key, value in values.items():
            if key not in known:
                raise self.error(f"unknown key {key!r} in [{name}]{_meant(key, known)}", (name, key))
            kind = known[key].kind
            try:
                read[key] = kind.read(value)
            except ValueError as error:
                at = (name, key, *map(str, error.args))
                shown = value[error.args[0]] if error.args and isinstance(value, dict) else value
                raise self.error(f"{name}.{key} has to be {kind.expected}, not {_shown(shown)}", at) from None
        return table(**read)

    def error(self, message: str, path: tuple[str, ...]) -> ContractError:
        line, column = _place(self.content, path)
        return ContractError(message, self.name, line, column)


def _meant(word: str, known: Mapping[str, object]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(word, known, 1)
    return f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(known)}"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"' if len(value) < 60 else "that string"
    if isinstance(value, list):
        return f"[{', '.join(_shown(item) for item in value)}]" if len(value) < 6 else "that list"
    return "a table" if isinstance(value, dict) else str(value)


def _syntax_error(message: str, content: str) -> tuple[str, int, int]:
    """tomllib's message, without the place at its end, and the place."""
    match = re.search(r"\s*\(at line (\d+), column (\d+)\)$", message)
    if match:
        return message[: match.start()], int(match[1]), int(match[2])
    return message.removesuffix(" (at end of document)"), content.count("\n") + 1, len(content) - content.rfind("\n")


_HEADER = r"[ \t]*\[+[ \t]*([^\]\n]+?)[ \t]*\]"
_KEY = r"[ \t]*((?:[\w-]+|\"[^\"\n]*\"|'[^'\n]*')(?:[ \t]*\.[ \t]*(?:[\w-]+|\"[^\"\n]*\"|'[^'\n]*'))*)[ \t]*="


def _place(content: str, path: tuple[str, ...]) -> tuple[int, int]:
    """Line and column of a key: tomllib does not keep them.

    The text is known to be good TOML, so headers and the keys at the starts of lines are enough; a key inside an
    inline table is looked for behind the key of that table.
    """
    wanted = list(path)
    header: list[str] = []
    for number, line in enumerate(content.split("\n"), 1):
        if match := re.match(_HEADER, line):
            header = _words(match[1])
            if header == wanted:
                return number, match.start(1) + 1
        elif match := re.match(_KEY, line):
            key = header + _words(match[1])
            if key == wanted:
                return number, match.start(1) + 1
            if key == wanted[: len(key)]:
                inner = re.search(rf"[{{,.\s][\"']?({re.escape(wanted[-1])})[\"']?\s*=", line[match.end() :])
                return number, match.end() + inner.start(1) + 1 if inner else match.start(1) + 1
    return 1, 1


def _words(key: str) -> list[str]:
    return [part.strip().strip("\"'") for part in key.split(".")]
