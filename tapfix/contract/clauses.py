"""The contract: what the prompt demands, as the tables and clauses of ``tapfix.toml``.

A rule may change what a stack means only if a clause asks for it. Each table of the file is a class here, each key of
the table a clause. The clause says what the key may hold, and the reader, the error messages and the JSON Schema all
use that. A contract is a value: it hashes, compares, pickles, and never changes.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, Self

from tapfix.contract.because import Because
from tapfix.contract.kinds import ValueKind, boolean, choice, number, numbers, pairs, text, texts
from tapfix.errors import TapfixError

FILE_NAME = "tapfix.toml"

_IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_-]*"
_REGION = r"[a-z]{2}(?:-[a-z]+)+-\d"
_TYPE = r"[a-z][a-z0-9]*_[a-z0-9_]+\*?"
_FILE_PATH = r"(?!/)(?!.*(?:^|[/\\])\.\.(?:[/\\]|$))(?![A-Za-z]:)[^\\\0]+"


class ContractError(TapfixError):
    """The contract file cannot be read, or states something unknown or of the wrong kind.

    The text of the error begins with the file's name and, where they are known, the line and column (both from 1).
    """

    def __init__(self, message: str, name: str = FILE_NAME, line: int = 0, column: int = 0) -> None:
        super().__init__(f"{name}:{line}:{column}: {message}" if line else f"{name}: {message}")
        self.message = message
        self.name = name
        self.line = line
        self.column = column

    def __reduce__(self) -> tuple[type[ContractError], tuple[str, str, int, int]]:
        return type(self), (self.message, self.name, self.line, self.column)


# --- what a table consists of -----------------------------------------------------------------------------------------


class Clause(NamedTuple):
    """A key of a table: its default, what it may hold, and what it means."""

    default: Any
    kind: ValueKind
    meaning: str


def clause(default: Any, kind: ValueKind, meaning: str) -> Any:
    """A clause, typed so that a table's class can declare the type of the clause's value for it."""
    return Clause(default, kind, meaning)


class Table:
    """A value with one attribute for each part that its class declares: a clause, or a whole table.

    It behaves like a frozen dataclass. A dataclass would compile its methods at each start, which costs a millisecond
    for each table.
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
        raise AttributeError(f"{key} cannot be set: a contract never changes")

    def _values(self) -> tuple[Any, ...]:
        return tuple(vars(self)[key] for key in _parts(type(self)))


def _parts(table: type[Table]) -> dict[str, Clause | Table]:
    return {key: part for key, part in vars(table).items() if isinstance(part, Clause | Table)}


def clauses_of(table: type[Table]) -> dict[str, Clause]:
    """The clauses of a table by key, in the order of its class."""
    return {key: part for key, part in _parts(table).items() if isinstance(part, Clause)}


def tables_of(contract: type[Table]) -> dict[str, type[Table]]:
    """The tables of a contract by name, in the order of its class."""
    return {name: type(part) for name, part in _parts(contract).items() if isinstance(part, Table)}


# --- the tables -------------------------------------------------------------------------------------------------------


class Deliverable(Table):
    """The files that the answer consists of."""

    main: str = clause(
        "tap_stack.tf",
        text(_FILE_PATH + r"\.tf", "a relative path that ends in .tf"),
        "The file that contains the stack.",
    )
    single_file: bool = clause(False, boolean(), "Whether `main` must be the only .tf file.")
    prose: bool = clause(True, boolean(), "Whether the answer may contain text besides its files.")
    modules: str = clause(
        "any",
        choice("any", "local", "none"),
        "Which modules may be called: any, only those in the answer (local), or none.",
    )
    tfvars: bool = clause(
        True, boolean(), "Whether each of `topology.environments`, where these are stated, has a file NAME.tfvars."
    )
    provider_block: bool = clause(True, boolean(), "Whether the files may contain a `provider` block.")


class Topology(Table):
    """How many stacks there are, and in what they differ."""

    regions: str = clause(
        "mirror",
        choice("mirror", "single", "multi"),
        "One region for each environment (single), several in one stack (multi: TAP001 does not run), or as the answer "
        "has it, except that a mere mirror over regions becomes one region for each environment (mirror).",
    )
    environments: tuple[str, ...] = clause(
        ("dev", "staging", "prod"),
        texts(_IDENTIFIER, "a list of different environment names"),
        "The environments to which the stack is deployed.",
    )
    allowed_regions: tuple[str, ...] = clause(
        (), texts(_REGION, "a list of AWS regions"), "The only regions that the files may name; empty for any."
    )


class Lifecycle(Table):
    """How the stack ends."""

    destroyable: bool = clause(True, boolean(), "Whether `terraform destroy` must remove everything.")


class Compute(Table):
    """How instances run."""

    autoscaling: bool = clause(True, boolean(), "Whether instances run in an Auto Scaling group.")
    ami_variable: str = clause(
        "ami_id", text(rf"{_IDENTIFIER}|", 'a variable\'s name, or "" for none'), "The variable that overrides the AMI."
    )


class Tags(Table):
    """How resources are tagged."""

    expression: str = clause(
        "",
        text(),
        'The expression of every `tags`; NAME is replaced by the resource\'s name; "" for no rule.',
    )
    keys: tuple[str, ...] = clause((), texts(), "Tags that every taggable resource must have, by key.")


class Services(Table):
    """What the project states about itself."""

    metadata: str = clause(
        "metadata.json",
        text(rf"(?:{_FILE_PATH})?", 'a relative path, or ""'),
        'The file that lists the services that the stack uses; "" for none.',
    )


class Require(Table):
    """What the stack must contain."""

    variables: tuple[str, ...] = clause((), texts(_IDENTIFIER, "a list of names"), "Variables that must be declared.")
    outputs: tuple[str, ...] = clause((), texts(_IDENTIFIER, "a list of names"), "Outputs that must be declared.")
    resources: tuple[tuple[str, int], ...] = clause(
        (),
        pairs(number(1), "a table of resource types and numbers from 1 up"),
        "Resource types, each with the least number of resources.",
    )
    terraform_version: str = clause("", text(), 'The `required_version`, such as ">= 1.5"; "" for any or none.')
    aws_provider_version: str = clause("", text(), 'The version of the AWS provider, such as "~> 5.0".')


class Forbid(Table):
    """What the stack must not contain."""

    resources: tuple[str, ...] = clause(
        (),
        texts(_TYPE, "a list of resource types; a * at the end matches any ending"),
        "Resource types that are forbidden; a * at the end matches any ending.",
    )
    iam_wildcards: bool = clause(False, boolean(), "Whether `*` is forbidden as an IAM action or resource.")
    open_ingress: bool = clause(False, boolean(), "Whether security groups must not admit every address.")
    open_ports: tuple[int, ...] = clause(
        (), numbers(), "Ports that may be open to every address in spite of `open_ingress`."
    )
    closed_ports: tuple[int, ...] = clause(
        (), numbers(), "Ports that must not be open to every address, whatever `open_ingress` says."
    )


class Names(Table):
    """How resources are named."""

    suffix_variable: str = clause(
        "", text(rf"{_IDENTIFIER}|", 'a variable\'s name, or "" for none'), "A variable that every name must contain."
    )


class Data(Table):
    """How data is stored."""

    encrypted: bool = clause(False, boolean(), "Whether everything that can be encrypted at rest must be.")
    log_retention_days: int = clause(0, number(), "The retention of every log group, in days; 0 for any.")
    engine_versions: tuple[tuple[str, str], ...] = clause(
        (),
        pairs(text(r"\d+(?:\.\d+)*", "a version"), "a table of database engines and versions"),
        "The version of each database engine; 15 allows 15.4.",
    )


class Rules(Table):
    """Which rules run."""

    select: tuple[str, ...] = clause(("TAP",), texts(r"\S+"), "The rules that run, by id, name or prefix of an id.")
    ignore: tuple[str, ...] = clause(
        (), texts(r"\S+"), "Rules that do not run although they are selected, by id, name or prefix of an id."
    )


class Contract(Table):
    """What the prompt demands."""

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
    """The name of the contract file that it was read from; empty if there was none. It does not count in
    comparisons.
    """
    prompt: str = ""
    """The name of the prompt that was read; empty if there was none. It does not count in comparisons."""
    stated: tuple[tuple[str, Because], ...] = ()
    """The clauses that a file or a prompt states, as `table.key`, with the place; others are as in the built-in
    contract.

    Like `source`, it does not count in comparisons.
    """

    @classmethod
    def default(cls) -> Self:
        """The built-in contract."""
        return cls()

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The contract in the file ``path``. Raises `ContractError` if the file cannot be read or is not a contract."""
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
        """The path of the contract file in ``folder`` or the nearest folder above it; None if there is none.

        The path is relative if ``folder`` is, since reports name the file and must be the same on every machine.
        """
        start = Path(folder).absolute()
        for candidate in (start, *start.parents):
            if (path := candidate / FILE_NAME).is_file():
                return path if Path(folder).is_absolute() else Path(os.path.relpath(path))
        return None

    @classmethod
    def find(cls, folder: str | Path) -> Self:
        """The contract of ``folder`` or of the nearest folder above it; the built-in contract if there is no file."""
        path = cls.locate(folder)
        return cls.default() if path is None else cls.load(path)

    @classmethod
    def from_toml(cls, content: str, name: str = FILE_NAME) -> Self:
        """The contract that the TOML text ``content`` states; what it leaves out is as in the built-in contract.

        Raises `ContractError` if the text is not TOML or not a contract; ``name`` is the file's name in the message.
        """
        from tapfix.contract.reading import ContractReader  # needed only where there is a contract file

        reader = ContractReader(content, name)
        return cls(**reader.read(cls), source=name, stated=tuple(reader.stated()))

    @classmethod
    def from_prompt(cls, prompt: str, name: str = "PROMPT.md") -> Self:
        """The contract that the text of a prompt states; what it leaves open is as in the built-in contract.

        ``name`` is the prompt's file, for the places of the clauses.
        """
        from tapfix.contract.proposing import propose

        tables: dict[str, dict[str, Any]] = {}
        stated: list[tuple[str, Because]] = []
        known = tables_of(cls)
        for proposal in propose(prompt):
            kind = clauses_of(known[proposal.table])[proposal.key].kind
            tables.setdefault(proposal.table, {})[proposal.key] = kind.read(proposal.value)
            line, sentence = proposal.sources[0] if proposal.sources else (0, "")
            stated.append((f"{proposal.table}.{proposal.key}", Because("prompt", sentence, name, line)))
        return cls(
            **{table: known[table](**values) for table, values in tables.items()}, prompt=name, stated=tuple(stated)
        )

    def over(self, other: Self) -> Self:
        """This contract, with the clauses that only ``other`` states taken from it."""
        own = dict(self.stated)
        taken = {clause: because for clause, because in other.stated if clause not in own}
        tables = {}
        for name, table in tables_of(type(self)).items():
            values = {key: getattr(getattr(self, name), key) for key in clauses_of(table)}
            values |= {key: getattr(getattr(other, name), key) for key in clauses_of(table) if f"{name}.{key}" in taken}
            tables[name] = table(**values)
        return type(self)(
            **tables,
            source=self.source or other.source,
            prompt=self.prompt or other.prompt,
            stated=(*self.stated, *taken.items()),
        )

    def because(self, clause: str) -> Because | None:
        """Who states a clause, named as `table.key`; None if nobody does, so that the built-in contract holds."""
        return dict(self.stated).get(clause)

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """The contract as plain data: every clause by table and key."""
        return {name: _plain(getattr(self, name)) for name in tables_of(type(self))}

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """The JSON Schema of the contract file, for editors; docs/tapfix.schema.json is a copy of it."""
        return {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": "tapfix.toml: what a prompt demands of a Terraform answer",
            "type": "object",
            "additionalProperties": False,
            "properties": {name: _table_schema(table) for name, table in tables_of(cls).items()},
        }


def _plain(table: Table) -> dict[str, Any]:
    return {key: clause.kind.write(getattr(table, key)) for key, clause in clauses_of(type(table)).items()}


def _table_schema(table: type[Table]) -> dict[str, Any]:
    properties = {
        key: {"description": clause.meaning, **clause.kind.schema, "default": clause.kind.write(clause.default)}
        for key, clause in clauses_of(table).items()
    }
    return {
        "description": (table.__doc__ or "").strip(),
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }
