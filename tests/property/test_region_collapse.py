"""A module that is doubled over aliases and collapsed is the module again, but for the environment's variable."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import pytest
from equivalence import differences

from tapfix.contract import Contract
from tapfix.engine.guard import repair
from tapfix.engine.passes import Options, Outcome
from tapfix.engine.registry import builtin_fixers, select
from tapfix.fixer import Status
from tapfix.module import Block, Module, Project

MODULES = 220
ENVIRONMENTS = ("dev", "staging", "prod")
_WORDS = "alpha bravo core edge data queue logs media orders users audit cache".split()


class Naming(NamedTuple):
    """The names of one side's copies: `{}` is the block's own name. An empty alias is the default provider."""

    alias: str
    region: str
    label: str
    text: str


SCHEMES: tuple[tuple[Naming, ...], ...] = (
    (
        Naming("us_east_1", "us-east-1", "{}_us_east_1", "{}-us-east-1"),
        Naming("us_west_2", "us-west-2", "{}_us_west_2", "{}-us-west-2"),
    ),
    (
        Naming("primary", "us-east-1", "primary_{}", "primary-{}"),
        Naming("secondary", "eu-west-1", "secondary_{}", "secondary-{}"),
    ),
    (Naming("east", "us-east-1", "{}_east", "{}-use1"), Naming("west", "us-west-2", "{}_west", "{}-usw2")),
    (Naming("main", "us-east-1", "{}", "{}"), Naming("dr", "us-west-2", "{}_dr", "{}-dr")),
    (Naming("use1", "us-east-1", "{}_use1", "{}-use1"), Naming("euw1", "eu-west-1", "{}_euw1", "{}-euw1")),
    (
        Naming("virginia", "us-east-1", "{}_virginia", "{}-virginia"),
        Naming("ireland", "eu-west-1", "{}_ireland", "{}-ireland"),
    ),
    (Naming("", "us-east-1", "primary_{}", "primary-{}"), Naming("dr", "us-west-2", "dr_{}", "dr-{}")),
    (
        Naming("us_east_1", "us-east-1", "{}_us_east_1", "{}-us-east-1"),
        Naming("us_west_2", "us-west-2", "{}_us_west_2", "{}-us-west-2"),
        Naming("eu_west_1", "eu-west-1", "{}_eu_west_1", "{}-eu-west-1"),
    ),
    (
        Naming("use1", "us-east-1", "use1_{}", "use1-{}"),
        Naming("usw2", "us-west-2", "usw2_{}", "usw2-{}"),
        Naming("apse1", "ap-southeast-1", "apse1_{}", "apse1-{}"),
    ),
)  # fmt: skip
PLAIN = Naming("", "", "{}", "{}")


class Part(NamedTuple):
    """A block that is written once a side: its head and its lines.

    `@type.name@` refers to another part, `~text~` is a name, `$region$` the side's region, `<a|b|c>` what each side
    has. `kind` is `resource`, `global` (a resource without a provider), `variable` or `data`.
    """

    type: str
    name: str
    lines: tuple[str, ...]
    kind: str = "resource"


def _module(rng: random.Random) -> list[Part]:
    words = rng.sample(_WORDS, 6)
    parts = [
        Part("variable", f"{words[0]}_cidr", ("type = string", 'default = "10.<0|1|2>.0.0/16"'), "variable"),
        Part("aws_availability_zones", words[0], ('state = "available"',), "data"),
        Part("aws_vpc", words[0], (f"cidr_block = @var.{words[0]}_cidr@", f'tags = {{ Name = "~{words[0]}~" }}')),
        Part("aws_subnet", words[0], (
            f"vpc_id = @aws_vpc.{words[0]}@.id", "count = 2",
            f"cidr_block = cidrsubnet(@var.{words[0]}_cidr@, 8, count.index)",
            f"availability_zone = @data.aws_availability_zones.{words[0]}@.names[count.index]",
        )),
        Part("aws_security_group", words[0], (
            f'name = "~{words[0]}-sg~"', f"vpc_id = @aws_vpc.{words[0]}@.id",
            "ingress {\n    from_port = 443\n    to_port = 443\n    protocol = \"tcp\"\n    self = true\n  }",
        )),
        Part("aws_security_group", words[1], (f'name = "~{words[1]}-sg~"', f"vpc_id = @aws_vpc.{words[0]}@.id")),
        Part("aws_sns_topic", words[2], (f'name = "~{words[2]}~"',)),
        Part("aws_sqs_queue", words[3], (f'name = "~{words[3]}~"', "visibility_timeout_seconds = 30")),
        Part("aws_sns_topic_subscription", words[2], (
            f"topic_arn = @aws_sns_topic.{words[2]}@.arn", 'protocol = "sqs"',
            f"endpoint = @aws_sqs_queue.{words[3]}@.arn",
        )),
        Part("aws_kms_key", words[4], ("enable_key_rotation = true", "deletion_window_in_days = 7")),
        Part("aws_cloudwatch_log_group", words[5], (
            f'name = "/app/~{words[5]}~"', f"kms_key_id = @aws_kms_key.{words[4]}@.arn",
        )),
        Part("aws_iam_role", words[3], (
            f'name = "~{words[3]}-role~"', 'assume_role_policy = jsonencode({ Service = "sqs", Region = "$region$" })',
        ), "global"),
    ]  # fmt: skip
    network = {"aws_vpc", "aws_subnet", "variable", "aws_availability_zones"}
    kept = [p for p in parts if rng.random() < 0.85 or p.type in network]
    there = {_address(p) for p in kept}
    return [p for p in kept if all(r in there for r in re.findall(r"@([\w.]+)@", " ".join(p.lines)))]


def _address(part: Part) -> str:
    prefix = {"variable": "var", "data": f"data.{part.type}"}.get(part.kind, part.type)
    return f"{prefix}.{part.name}"


class Writer:
    """Writes parts for a side, with comments that each have a text of their own."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.notes: dict[str, list[str]] = {}
        """The comments in or above the blocks of a side, by the side's alias."""

    def comment(self, side: str, before: str = "", after: str = "") -> str:
        if self.rng.random() < 0.6:
            return ""
        note = f"note {sum(map(len, self.notes.values()))};"
        self.notes.setdefault(side, []).append(note)
        return f"{before}{self.rng.choice(('#', '//'))} {note}{after}"

    def block(self, part: Part, naming: Naming, number: int, doubled: bool = True) -> str:
        def reference(match: re.Match[str]) -> str:
            type, _, name = match[1].rpartition(".")
            return f"{type}.{naming.label.format(name)}"

        lines = []
        for line in part.lines:
            line = re.sub(r"@([\w.]+)@", reference, line)
            line = re.sub(r"~([^~]+)~", lambda m: naming.text.format(m[1]), line)
            line = re.sub(r"<([^>]+)>", lambda m: m[1].split("|")[number], line)
            lines.append(line.replace("$region$", naming.region))
        last = [line for line in lines if line.startswith("tags") or "{\n" in line]
        head = [line for line in lines if line not in last]
        self.rng.shuffle(head)
        provider = (
            [f"provider = aws.{naming.alias}"] if doubled and naming.alias and part.kind in ("resource", "data") else []
        )
        side = naming.alias
        body = [self.comment(side, "  ", "\n") + f"  {line}" + self.comment(side, " ") for line in head]
        body = [*(f"  {line}" for line in provider), *body, *(f"  {line}" for line in last)]
        label = naming.label.format(part.name)
        opening = f'variable "{label}"' if part.kind == "variable" else f'resource "{part.type}" "{label}"'
        opening = opening.replace("resource", "data", 1) if part.kind == "data" else opening
        return self.comment(side, "", "\n") + opening + " {\n" + "\n".join(body) + "\n}\n"

    def joint(self, parts: Sequence[Part], scheme: Sequence[Naming]) -> list[str]:
        """Blocks that refer to all sides: an output by region, one by list, and a policy."""
        made = [p for p in parts if p.kind == "resource"]
        one, two = self.rng.choice(made), self.rng.choice(made)
        first = [f"{one.type}.{n.label.format(one.name)}" for n in scheme]
        second = [f"{two.type}.{n.label.format(two.name)}" for n in scheme]
        rows = "\n".join(f'    "{n.region}" = {a}.id' for n, a in zip(scheme, first, strict=True))
        arns = ",\n".join(f"      {a}.arn" for a in second)
        policy = f"jsonencode({{\n    Resource = [\n{arns}\n    ]\n  }})"
        return [
            f'output "by_region" {{\n  value = {{\n{rows}\n  }}\n}}\n',
            f'output "listed" {{\n  value = [{", ".join(f"{a}.id" for a in second)}]\n}}\n',
            f'resource "aws_iam_policy" "all" {{\n  name = "all"\n  policy = {policy}\n}}\n',
        ]


def _doubled(parts: list[Part], scheme: tuple[Naming, ...], rng: random.Random) -> tuple[str, dict[str, list[str]]]:
    """The module once a side, and the comments in it by side."""
    writer = Writer(rng)
    blocks = [writer.block(part, naming, number) for number, naming in enumerate(scheme) for part in parts]
    if rng.random() < 0.5:
        blocks += writer.joint(parts, scheme)
    if rng.random() < 0.5:
        rng.shuffle(blocks)
    alias = {n.alias: f'  alias  = "{n.alias}"\n' if n.alias else "" for n in scheme}
    providers = [f'provider "aws" {{\n{alias[n.alias]}  region = "{n.region}"\n}}\n' for n in scheme]
    return "\n".join([*providers, *blocks]), writer.notes


def _collapse(text: str, *, moved: bool = False) -> Outcome:
    return repair(
        {"tap_stack.tf": text},
        select(builtin_fixers(), ["TAP001"]),
        Contract.from_toml('[topology]\nregions = "single"\n'),
        options=Options(strict=True, guard=False, moved=moved),
    )


def _facts(module: Module) -> dict[str, frozenset[str]]:
    """The arguments of each block, without the environment's name in the strings."""
    found = {}
    for block in (b for b in module.blocks if b.type in ("resource", "data")):
        arguments = [f"{a.name} = {a.value}" for inner in block.walk() for a in inner.attributes.values()]
        found[block.address] = frozenset(re.sub(r"-?\$\{var\.environment\}-?", "", a) for a in arguments)
    return found


def words_of(scheme: Sequence[Naming]) -> dict[str, list[str]]:
    """The words of a scheme for its sides, by alias."""
    return {n.alias: [n.alias, n.region, n.label.format("").strip("_"), n.text.format("").strip("-")] for n in scheme}


def assert_whole(before: str, outcome: dict[str, str]) -> None:
    """No reference dangles, nothing is declared twice, and no variable or local value has lost its last user."""
    old, new = Project({"tap_stack.tf": before}).root, Project(outcome).root
    known = ("each.", "count.", "path.", "terraform.", "self.", "provider.")
    dangling = {r.address for r in new.references if not r.address.startswith(known) and new.find(r.address) is None}
    assert not dangling - {r.address for r in old.references if old.find(r.address) is None}
    twice = [a for a, n in Counter(b.address for b in new.blocks if b.labels and b.type != "moved").items() if n > 1]
    assert not twice
    unused = {n for n in new.variables if not new.references_to(f"var.{n}")} - {"aws_region", "environment"}
    assert not unused - {n for n in old.variables if not old.references_to(f"var.{n}")}
    assert not {n for n in new.locals if not new.references_to(f"local.{n}")} - set(old.locals)
    assert_environments(outcome)


def assert_environments(outcome: dict[str, str]) -> None:
    """Three files with the same keys in the same order, each key declared, under the same comments."""
    project = Project(outcome)
    files = [next(f for p, f in project.files.items() if p.rpartition("/")[2] == f"{e}.tfvars") for e in ENVIRONMENTS]
    keys = [list(f.attributes) for f in files]
    assert keys[0] == keys[1] == keys[2]
    assert set(keys[0]) <= set(project.root.variables)
    titles = [[line for line in f.text.splitlines()[1:] if line.startswith("#")] for f in files]
    assert titles[0] == titles[1] == titles[2]
    assert all(f.attributes["environment"].value == f'"{e}"' for f, e in zip(files, ENVIRONMENTS, strict=True))


@pytest.mark.parametrize("start", range(0, MODULES, 44))
def test_collapse_gives_the_module_back(start: int) -> None:
    for seed in range(start, start + 44):
        rng = random.Random(seed)
        parts = _module(rng)
        scheme = rng.choice(SCHEMES)
        doubled, notes = _doubled(parts, scheme, rng)
        outcome = _collapse(doubled)
        statuses = {p.finding.status for p in outcome.placed}
        assert statuses == {Status.FIXED}, (seed, [(p.finding.address, p.finding.reason) for p in outcome.placed])
        text = outcome.texts["tap_stack.tf"]
        assert not re.search(r"\baws\.\w", text.replace(".amazonaws", "")), seed
        once = "\n".join(
            Writer(rng).block(p, PLAIN._replace(region="${var.aws_region}"), 0, doubled=False) for p in parts
        )
        now = _facts(Project({"x.tf": text}).root)
        now.pop("aws_iam_policy.all", None)
        assert now == {a: _plain_regions(f) for a, f in _facts(Project({"x.tf": once}).root).items()}, seed
        lost = [n for n in notes.get(scheme[0].alias, ()) if n not in text]
        assert not lost, (seed, lost)
        assert_whole(doubled, outcome.texts)


def _plain_regions(facts: frozenset[str]) -> frozenset[str]:
    return frozenset(f.replace('"${var.aws_region}"', "var.aws_region") for f in facts)


@pytest.mark.parametrize("start", range(0, MODULES, 44))
def test_an_environment_is_what_the_kept_region_was(start: int) -> None:
    for seed in range(start, start + 44):
        rng = random.Random(seed)
        parts = _module(rng)
        scheme = rng.choice(SCHEMES)
        doubled, _ = _doubled(parts, scheme, rng)
        outcome = _collapse(doubled, moved=True).texts
        kept, *others = (n.alias for n in scheme)
        unlike = differences({"tap_stack.tf": doubled}, outcome, kept=kept, others=others, words=words_of(scheme))
        assert unlike == [], seed


def test_the_check_of_equivalence_finds_what_is_unlike() -> None:
    """A check that lets all pass proves nothing."""
    scheme = SCHEMES[0]
    rng = random.Random(3)
    doubled, _ = _doubled(_module(rng), scheme, rng)
    outcome = _collapse(doubled, moved=True).texts
    text = outcome["tap_stack.tf"]
    for old, new in (
        ("deletion_window_in_days = 7", "deletion_window_in_days = 8"),
        ('resource "aws_sqs_queue"', 'resource "aws_sqs_topic"'),
        ("from_port = 443", "from_port = 80"),
    ):
        assert old in text
        worse = {**outcome, "tap_stack.tf": text.replace(old, new)}
        unlike = differences(
            {"tap_stack.tf": doubled}, worse, kept="us_east_1", others=["us_west_2"], words=words_of(scheme)
        )
        assert unlike, old


class Planted(NamedTuple):
    """A difference: a line of a part, what each side has in its place, and what the rule makes of it."""

    type: str
    line: str
    here: str
    there: str
    status: Status
    said: str
    """A part of the reason of a refusal, or the pattern of a fix's line in the outcome."""
    values: tuple[str, str, str] | None = None
    """The values of dev, staging and prod."""


_QUEUE, _KEY, _SUBNET, _GROUP = "aws_sqs_queue", "aws_kms_key", "aws_subnet", "aws_security_group"
_TIMEOUT, _WINDOW, _CIDR = "visibility_timeout_seconds = 30", "deletion_window_in_days = 7", "cidr_block"
DIFFERENCES = {
    "the region's own words": Planted(
        _QUEUE, _TIMEOUT, 'kms_master_key_id = "alias/$region$"', 'kms_master_key_id = "alias/$region$"',
        Status.FIXED, r'kms_master_key_id\s*=\s*"alias/\$\{var\.environment\}"',
    ),
    "a number": Planted(
        _QUEUE, _TIMEOUT, _TIMEOUT, "visibility_timeout_seconds = 60",
        Status.FIXED, r"visibility_timeout_seconds\s*=\s*var\.", ("30", "60", "60"),
    ),
    "a number that would shrink": Planted(
        _QUEUE, _TIMEOUT, _TIMEOUT, "visibility_timeout_seconds = 20",
        Status.FIXED, r"visibility_timeout_seconds\s*=\s*var\.", ("30", "30", "30"),
    ),
    "a switch": Planted(
        _QUEUE, _TIMEOUT, "fifo_queue = false", "fifo_queue = true",
        Status.FIXED, r"fifo_queue\s*=\s*var\.", ("false", "true", "true"),
    ),
    "a range": Planted(
        _SUBNET, _CIDR, 'cidr_block = "10.0.1.0/24"', 'cidr_block = "10.1.1.0/24"',
        Status.FIXED, r"cidr_block\s*=\s*var\.", ('"10.0.1.0/24"', '"10.1.1.0/24"', '"10.2.1.0/24"'),
    ),
    "a range in a template": Planted(
        _SUBNET, _CIDR, 'cidr_block = "10.0.${count.index}.0/24"', 'cidr_block = "10.1.${count.index}.0/24"',
        Status.FIXED, r'cidr_block\s*=\s*"\$\{var\.\w+\}\.\$\{count\.index\}\.0/24"', ('"10.0"', '"10.1"', '"10.2"'),
    ),
    "what belongs to one region": Planted(
        _QUEUE, _TIMEOUT, 'kms_master_key_id = "key-1"', 'kms_master_key_id = "key-2"',
        Status.FIXED, r'kms_master_key_id\s*=\s*"key-1"',
    ),
    "the kept one's alone": Planted(_KEY, _WINDOW, _WINDOW, "", Status.FIXED, r"deletion_window_in_days\s*=\s*7"),
    "the other one's alone": Planted(
        _KEY, _WINDOW, "", _WINDOW, Status.FIXED, r"deletion_window_in_days\s*=\s*var\.", ("null", "7", "7"),
    ),
    "an expression alone": Planted(
        _QUEUE, _TIMEOUT, "", "policy = jsonencode(timestamp())", Status.REFUSED, "differ in `policy`",
    ),
    "a count alone": Planted(_QUEUE, _TIMEOUT, "", "count = 1", Status.REFUSED, "differ in `count`"),
    "a block alone": Planted(
        _GROUP, "name", 'name = "x"', 'name = "x"\n  egress {\n    from_port = 0\n  }',
        Status.REFUSED, "differ in `egress`",
    ),
    "an expression": Planted(
        _QUEUE, _TIMEOUT, _TIMEOUT, "visibility_timeout_seconds = max(1, 2)",
        Status.REFUSED, "`30` here, `max(1, 2)` there",
    ),
    "a call": Planted(
        _SUBNET, _CIDR,
        'cidr_block = cidrsubnet("10.0.0.0/8", 8, 1)', 'cidr_block = cidrsubnet("10.0.0.0/8", count.index, 1)',
        Status.REFUSED, "differ in `cidr_block`",
    ),
    "a replica": Planted(_QUEUE, _TIMEOUT, "", 'replicate_source_db = "x"', Status.REFUSED, "read replica"),
}  # fmt: skip


@pytest.mark.parametrize("kind", DIFFERENCES)
@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda s: "-".join(n.alias or "default" for n in s))
def test_planted_difference_is_classified(kind: str, scheme: tuple[Naming, ...]) -> None:
    planted = DIFFERENCES[kind]
    rng = random.Random(len(kind))
    module = next(m for m in iter(lambda: _module(rng), None) if any(_has(p, planted) for p in m))
    place = next(n for n, p in enumerate(module) if _has(p, planted))
    part = module[place]

    def with_line(line: str) -> list[Part]:
        rest = tuple(x for x in part.lines if not x.startswith(planted.line))
        changed = part._replace(lines=(line, *rest) if line else rest)
        return [*module[:place], changed, *module[place + 1 :]]

    writer = Writer(rng)
    blocks = [
        writer.block(p, naming, number)
        for number, naming in enumerate(scheme)
        for p in with_line(planted.there if number else planted.here)
    ]
    outcome = _collapse("\n".join(blocks))
    assert {p.finding.status for p in outcome.placed} == {planted.status}, [p.finding.reason for p in outcome.placed]
    if planted.status is Status.REFUSED:
        assert any(planted.said in p.finding.reason for p in outcome.placed)
        assert outcome.texts == {"tap_stack.tf": "\n".join(blocks)}
        return
    root = Project(outcome.texts).root
    label = part.name
    block = root.find(f"{part.type}.{label}")
    assert isinstance(block, Block), [b.address for b in root.resources()]
    assert re.search(planted.said, block.text()), block.text()
    if planted.values is not None:
        variable = re.search(
            r"var\.(\w+)", next(a.value for a in block.attributes.values() if re.match(planted.said, a.text()))
        )
        assert variable is not None
        given = {f.path.removesuffix(".tfvars"): f.attributes[variable[1]].value for f in root.tfvars}
        others = len(scheme) - 1
        assert (given["dev"], given["staging"]) == planted.values[:2]
        assert given["prod"] == planted.values[2] if others == 1 else True


def _has(part: Part, planted: Planted) -> bool:
    return part.type == planted.type and any(line.startswith(planted.line) for line in part.lines)
