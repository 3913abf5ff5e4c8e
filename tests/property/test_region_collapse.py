"""Double a module over aliases, mechanically, and collapse it: the outcome is the module again, up to the environment's wiring."""

from __future__ import annotations

import random
import re
from typing import NamedTuple

import pytest

from tapfix.contract import Contract
from tapfix.engine import Options, Outcome, repair
from tapfix.fixer import Status
from tapfix.module import Project
from tapfix.registry import builtin_fixers, select

MODULES = 220
_WORDS = "alpha bravo core edge data queue logs media orders users audit cache".split()


class Naming(NamedTuple):
    """How the copies of one side are called: `{}` is what the block was called."""

    alias: str
    region: str
    label: str
    text: str


SCHEMES: tuple[tuple[Naming, ...], ...] = (
    (Naming("us_east_1", "us-east-1", "{}_us_east_1", "{}-us-east-1"), Naming("us_west_2", "us-west-2", "{}_us_west_2", "{}-us-west-2")),
    (Naming("primary", "us-east-1", "primary_{}", "primary-{}"), Naming("secondary", "eu-west-1", "secondary_{}", "secondary-{}")),
    (Naming("east", "us-east-1", "{}_east", "{}-use1"), Naming("west", "us-west-2", "{}_west", "{}-usw2")),
    (Naming("main", "us-east-1", "{}", "{}"), Naming("dr", "us-west-2", "{}_dr", "{}-dr")),
    (Naming("use1", "us-east-1", "{}_use1", "{}-use1"), Naming("euw1", "eu-west-1", "{}_euw1", "{}-euw1")),
    (
        Naming("us_east_1", "us-east-1", "{}_us_east_1", "{}-us-east-1"),
        Naming("us_west_2", "us-west-2", "{}_us_west_2", "{}-us-west-2"),
        Naming("eu_west_1", "eu-west-1", "{}_eu_west_1", "{}-eu-west-1"),
    ),
)  # fmt: skip


class Part(NamedTuple):
    """A block of the module: its type and name, and its lines, in which `@type.name@` refers to another and `~text~` is a name."""

    type: str
    name: str
    lines: tuple[str, ...]


def _module(rng: random.Random) -> list[Part]:
    words = rng.sample(_WORDS, 6)
    parts = [
        Part("aws_vpc", words[0], ('cidr_block = "10.0.0.0/16"', f'tags = {{ Name = "~{words[0]}~" }}')),
        Part("aws_subnet", words[0], (f"vpc_id = @aws_vpc.{words[0]}@.id", "count = 2", 'cidr_block = "10.0.1.0/24"')),
        Part("aws_security_group", words[0], (f'name = "~{words[0]}-sg~"', f"vpc_id = @aws_vpc.{words[0]}@.id")),
        Part("aws_security_group", words[1], (f'name = "~{words[1]}-sg~"', f"vpc_id = @aws_vpc.{words[0]}@.id")),
        Part("aws_sns_topic", words[2], (f'name = "~{words[2]}~"',)),
        Part("aws_sqs_queue", words[3], (f'name = "~{words[3]}~"', "visibility_timeout_seconds = 30")),
        Part("aws_sns_topic_subscription", words[2], (
            f"topic_arn = @aws_sns_topic.{words[2]}@.arn", 'protocol = "sqs"', f"endpoint = @aws_sqs_queue.{words[3]}@.arn",
        )),
        Part("aws_kms_key", words[4], ("enable_key_rotation = true", "deletion_window_in_days = 7")),
        Part("aws_cloudwatch_log_group", words[5], (f'name = "/app/~{words[5]}~"', f"kms_key_id = @aws_kms_key.{words[4]}@.arn")),
    ]  # fmt: skip
    kept = [p for p in parts if rng.random() < 0.85 or p.type in ("aws_vpc", "aws_subnet")]
    there = {f"{p.type}.{p.name}" for p in kept}
    return [p for p in kept if all(r in there for r in re.findall(r"@([\w.]+)@", " ".join(p.lines)))]


def _written(part: Part, naming: Naming, rng: random.Random, doubled: bool = True) -> str:
    def reference(match: re.Match[str]) -> str:
        type, name = match[1].split(".")
        return f"{type}.{naming.label.format(name)}"

    lines = [re.sub(r"@([\w.]+)@", reference, line) for line in part.lines]
    lines = [re.sub(r"~([^~]+)~", lambda m: naming.text.format(m[1]), line) for line in lines]
    head, tail = (
        [line for line in lines if not line.startswith("tags")],
        [line for line in lines if line.startswith("tags")],
    )
    rng.shuffle(head)
    provider = [f"provider = aws.{naming.alias}"] if doubled else []
    comment = rng.choice(("", f"# the {part.name}\n"))
    body = "\n".join(f"  {line}" for line in (*provider, *head, *tail))
    return f'{comment}resource "{part.type}" "{naming.label.format(part.name)}" {{\n{body}\n}}\n'


def _doubled(parts: list[Part], scheme: tuple[Naming, ...], rng: random.Random) -> str:
    blocks = [_written(part, naming, rng) for naming in scheme for part in parts]
    if rng.random() < 0.5:
        rng.shuffle(blocks)
    providers = [f'provider "aws" {{\n  alias  = "{n.alias}"\n  region = "{n.region}"\n}}\n' for n in scheme]
    return "\n".join([*providers, *blocks])


def _collapse(text: str) -> Outcome:
    return repair(
        {"tap_stack.tf": text},
        select(builtin_fixers(), ["TAP001"]),
        Contract.default(),
        options=Options(strict=True, guard=False),
    )


def _facts(text: str) -> dict[str, frozenset[str]]:
    """Each resource with its arguments, the environment's name taken out of the strings."""
    found = {}
    for block in Project({"x.tf": text}).root.resources():
        arguments = [f"{a.name} = {a.value}" for a in block.attributes.values()]
        found[block.address] = frozenset(
            re.sub(r"-?\$\{var\.environment\}-?", "", a).replace("primary-", "") for a in arguments
        )
    return found


@pytest.mark.parametrize("start", range(0, MODULES, 44))
def test_collapse_gives_the_module_back(start: int) -> None:
    for seed in range(start, start + 44):
        rng = random.Random(seed)
        parts = _module(rng)
        scheme = rng.choice(SCHEMES)
        plain = Naming("", "", "{}", "{}")
        original = "\n".join(_written(p, plain, rng, doubled=False) for p in parts)
        outcome = _collapse(_doubled(parts, scheme, rng))
        statuses = {p.finding.status for p in outcome.placed}
        assert statuses == {Status.FIXED}, (seed, [(p.finding.address, p.finding.reason) for p in outcome.placed])
        text = outcome.texts["tap_stack.tf"]
        assert "aws." not in re.sub(r"\baws\.amazon", "", text), seed
        assert _facts(text) == _facts(original), seed
        assert {"dev.tfvars", "staging.tfvars", "prod.tfvars"} <= set(outcome.texts)


_DIFFERENCES = {
    "literal": ("visibility_timeout_seconds = 30", "visibility_timeout_seconds = 60", Status.FIXED),
    "one-sided": ("deletion_window_in_days = 7\n", "", Status.REFUSED),
    "expression": ('cidr_block = "10.0.1.0/24"', "cidr_block = cidrsubnet(var.range, 8, 1)", Status.REFUSED),
}


@pytest.mark.parametrize("kind", _DIFFERENCES)
@pytest.mark.parametrize("seed", range(12))
def test_planted_difference_is_classified(kind: str, seed: int) -> None:
    here, there, status = _DIFFERENCES[kind]
    rng = random.Random(seed)
    parts = _module(rng)
    scheme = SCHEMES[seed % 3]
    text = _doubled(parts, scheme, random.Random(seed))
    at = [m for m in re.finditer(re.escape(here), text) if _side_at(text, m.start()) == scheme[1].alias]
    if not at:
        pytest.skip("the module has no place for the difference")
    text = text[: at[0].start()] + there + text[at[0].end() :]
    outcome = _collapse(text)
    assert {p.finding.status for p in outcome.placed} == {status}
    if kind == "literal":
        assert re.search(r"visibility_timeout_seconds\s*=\s*var\.", outcome.texts["tap_stack.tf"])
        assert re.search(r"=\s*30$", outcome.texts["dev.tfvars"], re.M)
        assert re.search(r"=\s*60$", outcome.texts["prod.tfvars"], re.M)


def _side_at(text: str, offset: int) -> str:
    start = text.rfind("resource ", 0, offset)
    match = re.search(r"provider = aws\.(\w+)", text[start : text.find("\n}", offset)])
    return match[1] if match else ""
