"""TAP001 without a clause on regions: a mere mirror is collapsed, and any sign of a second region's purpose keeps it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

import tapfix
from fixers.region_collapse.collapse import Collapse
from fixers.region_collapse.evidence import KINDS, Evidence
from fixers.region_collapse.twins import Twins
from tapfix.answer.source import read_text
from tapfix.contract import Contract
from tapfix.fixer import Finding, Status
from tapfix.module import Project

PROVIDERS = """\
provider "aws" {
  alias  = "EAST"
  region = "us-east-1"
}

provider "aws" {
  alias  = "WEST"
  region = "us-west-2"
}
"""
NETWORKS = """\
# Network of us-east-1
resource "aws_vpc" "EAST" {
  provider   = aws.EAST
  cidr_block = "10.0.0.0/16"
  tags       = { Name = "app-us-east-1" }
}

# Network of us-west-2
resource "aws_vpc" "WEST" {
  provider   = aws.WEST
  cidr_block = "10.1.0.0/16"
  tags       = { Name = "app-us-west-2" }
}
"""
NAMES = ("us_east_1", "us_west_2")


def stack(*further: str, names: tuple[str, str] = NAMES) -> str:
    text = "\n".join([PROVIDERS, NETWORKS, *further])
    return text.replace("EAST", names[0]).replace("WEST", names[1])


def answer(text: str, before: str = "") -> str:
    return f"{before}\n\n```hcl\n{text}```\n"


def found(text: str, contract: str = "") -> Finding:
    """The finding of TAP001, the only one."""
    (finding,) = tapfix.fix(text, select=["TAP001"], contract=Contract.from_toml(contract)).findings
    return finding


def signs(text: str) -> list[Evidence]:
    source = read_text(text, Contract.default())
    project = Project(source.relative())
    collapse = Collapse(Twins(project.root), Contract.default())
    return collapse.evidence(project.files.values(), source.relative_answer())


def pair(east: str, west: str) -> str:
    """A queue on each side, each with a line of its own."""
    queue = 'resource "aws_sqs_queue" "SIDE" {\n  provider = aws.SIDE\nLINE}\n'
    return "\n".join(
        queue.replace("SIDE", side).replace("LINE", line) for side, line in (("EAST", east), ("WEST", west))
    )


# --- a mirror ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names", [NAMES, ("use1", "usw2"), ("east", "west"), ("us_east", "us_west"), ("virginia", "oregon"), ("us-east-1", "us-west-2")]
)  # fmt: skip
def test_a_mirror_whose_sides_are_named_by_regions_is_collapsed(names: tuple[str, str]) -> None:
    finding = found(stack(names=names))
    assert finding.status is Status.FIXED
    assert finding.because.source == "built-in"
    assert "mirror" in finding.because.text


MIRRORED = {
    "the name of the first region's variable": (
        'variable "aws_region" {\n  description = "Primary AWS region (used by provider.tf)"\n  default = "us-east-1"\n}\n'
    ),
    "zones": pair('  name = "q" # one in each of two availability zones\n', '  name = "q"\n'),
    "one for each region": 'variable "one_nat_per_region" {\n  description = "Use only one per region"\n  default = true\n}\n',
    "failover between zones": "# Multi-AZ gives automatic failover\n" + pair('  name = "q"\n', '  name = "q"\n'),
    "a standby in another zone": "# The standby is in a second availability zone\n",
    "nodes": 'variable "nodes" {\n  description = "Number of replicas"\n  default     = 2\n}\n',
    "backups": 'variable "backup_retention_days" {\n  description = "How long backups are kept"\n  default     = 7\n}\n',
    "a gateway": "# Two NAT gateways for failover\n",
    "a migration": "# DMS replication from the old database\n",
    "a denial": "# No failover and no disaster recovery here\n",
    "a second range": '# Secondary CIDR\nlocals {\n  secondary_cidr = "100.64.0.0/16"\n}\n',
    "a trail": "# Multi-region trail\n",
    "a role": 'resource "aws_iam_role" "app" {\n  name               = "app"\n  assume_role_policy = "{}"\n}\n',
    "numbers of zones": 'locals {\n  azs = ["us-east-1a"]\n}\n',
    "names": pair('  name = "queue-us-east-1"\n', '  name = "queue-us-west-2"\n'),
    "images": pair('  kms_master_key_id = "arn:aws:kms:us-east-1:1:key/a"\n', '  kms_master_key_id = "arn:aws:kms:us-west-2:1:key/b"\n'),
}  # fmt: skip


@pytest.mark.parametrize("what", MIRRORED)
def test_what_is_no_sign_of_a_purpose(what: str) -> None:
    assert [(sign.kind, sign.text, sign.quote) for sign in signs(stack(MIRRORED[what]))] == []


# --- evidence ---------------------------------------------------------------------------------------------------------

OF_KIND = {
    "joined": [
        'resource "aws_vpc_peering_connection" "p" {\n  vpc_id      = aws_vpc.EAST.id\n  peer_vpc_id = aws_vpc.WEST.id\n}\n',
        'resource "aws_rds_global_cluster" "p" {\n  global_cluster_identifier = "g"\n}\n',
        'resource "aws_ec2_transit_gateway_peering_attachment" "p" {\n  peer_region = "us-west-2"\n}\n',
        'module "p" {\n  source    = "./p"\n  providers = { aws.a = aws.EAST, aws.b = aws.WEST }\n}\n',
    ],
    "tied": [
        'resource "aws_db_instance" "EAST" {\n  provider = aws.EAST\n}\n'
        'resource "aws_db_instance" "WEST" {\n  provider = aws.WEST\n  replicate_source_db = "a"\n}\n',
        'resource "aws_route53_record" "p" {\n  name = "p"\n  latency_routing_policy {\n    region = "us-east-1"\n  }\n}\n',
        'resource "aws_route53_record" "p" {\n  name = "p"\n  weighted_routing_policy {\n    weight = 1\n  }\n}\n',
        'resource "aws_dynamodb_table" "p" {\n  name = "p"\n  replica {\n    region_name = "us-west-2"\n  }\n}\n',
    ],
    "ranked": [
        'resource "aws_sqs_queue" "primary" {\n  provider = aws.EAST\n}\nresource "aws_sqs_queue" "dr" {\n  provider = aws.WEST\n}\n',
    ],
    "said": [
        "# Multi-region web stack: primary and disaster recovery\n",
        "# Fails over to us-west-2\n",
        "# Warm standby\n",
        "# Used for DR\n",
        "# Active/passive\n",
        "# Active-active across both regions\n",
        "# Latency-based routing\n",
        "# RTO of an hour\n",
        "# Secondary region\n",
        "# A replica of the orders\n",
        '# Backup region\n',
        'output "x" {\n  description = "The DR site"\n  value       = 1\n}\n',
        'variable "secondary_region" {\n  default = "us-west-2"\n}\n',
        'locals {\n  names = { dr = "b" }\n}\n',
        'locals {\n  dr_name = "b"\n}\n',
        'variable "x" {\n  default = "app-dr"\n}\n',
        'locals {\n  tags = { Purpose = "cross-region redundancy" }\n}\n',
    ],
    "crossing": [
        pair("", "  kms_master_key_id = aws_vpc.EAST.id\n"),
    ],
    "outputs": [
        'output "EAST" {\n  value = aws_vpc.EAST.id\n}\noutput "WEST" {\n  value = aws_vpc.WEST.id\n}\n',
        'output "ids" {\n  value = { "us-east-1" = aws_vpc.EAST.id, "us-west-2" = aws_vpc.WEST.id }\n}\n',
    ],
    "lone": [
        'resource "aws_sqs_queue" "EAST" {\n  provider = aws.EAST\n}\n',
        'resource "aws_sqs_queue" "WEST" {\n  provider = aws.WEST\n}\n',
        'resource "aws_s3_bucket" "logs" {\n  bucket = "logs"\n}\n',
    ],
    "unlike": [
        pair("  delay_seconds = 1\n", "  delay_seconds = 2\n"),
        pair("  fifo_queue = true\n", ""),
        pair('  kms_master_key_id = "a"\n', '  kms_master_key_id = "b"\n'),
        pair("  count = var.n_EAST\n", "  count = var.n_WEST\n")
        + 'variable "n_EAST" {\n  default = 2\n}\nvariable "n_WEST" {\n  default = 1\n}\n',
    ],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "further"), [(kind, text) for kind, texts in OF_KIND.items() for text in texts])
def test_each_kind_of_evidence_makes_a_suggestion(kind: str, further: str) -> None:
    text = stack(further)
    assert kind in {sign.kind for sign in signs(text)}
    finding = found(text)
    assert finding.status is Status.SUGGESTED
    assert '`regions = "single"`' in finding.reason
    assert '`regions = "multi"`' in finding.reason


@pytest.mark.parametrize("names", [("a", "b"), ("this", "other"), ("region1", "region_two"), ("blue", "green")])
def test_sides_that_are_not_named_by_regions(names: tuple[str, str]) -> None:
    assert {sign.kind for sign in signs(stack(names=names))} == {"unnamed"}


@pytest.mark.parametrize("names", [("primary", "secondary"), ("main", "dr"), ("us_east_1_active", "us_west_2_passive")])
def test_sides_that_are_named_by_roles(names: tuple[str, str]) -> None:
    assert signs(stack(names=names))[0].kind == "ranked"
    assert found(stack(names=names)).status is Status.SUGGESTED


@pytest.mark.parametrize(("label", "kinds"), [("app_us_east_1", set()), ("app", {"unnamed"})])
def test_the_default_provider_is_a_side_if_its_labels_name_the_region(label: str, kinds: set[str]) -> None:
    text = stack().replace('  alias  = "us_east_1"\n', "").replace("  provider   = aws.us_east_1\n", "")
    text = text.replace('"aws_vpc" "us_east_1"', f'"aws_vpc" "{label}"').replace('"us_west_2" {', '"app_us_west_2" {')
    assert {sign.kind for sign in signs(text)} == kinds


def test_the_text_around_the_files_that_names_both_regions() -> None:
    (sign,) = signs(answer(stack(), "It is deployed to us-east-1 and us-west-2."))
    assert (sign.kind, sign.quote) == ("regions", "It is deployed to us-east-1 and us-west-2.")


@pytest.mark.parametrize(
    "prose",
    [
        "# A multi-region stack",
        "The stack spans two AWS regions for availability.",
        "It is deployed to us-east-1 and us-west-2.",
        "- us-west-2 takes over: failover is by DNS",
    ],
)
def test_the_text_around_the_files_is_heard(prose: str) -> None:
    finding = found(answer(stack(), f"Here it is.\n\n{prose}"))
    assert finding.status is Status.SUGGESTED
    assert "line 3 of the answer" in finding.message
    assert found(answer(stack(), "Here it is.")).status is Status.FIXED


def test_a_file_of_the_answer_is_heard() -> None:
    text = answer(stack()) + "\n## README.md\n\n```markdown\n# Queues\n\nFailover goes to us-west-2.\n```\n"
    (sign,) = signs(text)
    assert (sign.text, sign.quote) == ("README.md speaks of failover", "Failover goes to us-west-2.")


def test_a_module_that_the_stack_calls_is_heard() -> None:
    files = {
        "main.tf": stack() + 'module "m" {\n  source = "./m"\n}\n',
        "m/main.tf": "# Warm standby\nlocals {\n  a = 1\n}\n",
    }
    project = Project(files)
    collapse = Collapse(Twins(project.root), Contract.default())
    assert [sign.span.file for sign in collapse.evidence(project.files.values(), None) if sign.span] == ["m/main.tf"]


@pytest.mark.parametrize("names", [NAMES, ("use1", "usw2"), ("east", "west")])
def test_aliases_that_another_file_declares(names: tuple[str, str]) -> None:
    """The answers' provider.tf is often not part of the answer."""
    text = stack(names=names)
    assert found(text[text.index("# Network") :]).status is Status.FIXED


def test_a_suggestion_is_at_the_evidence_and_quotes_it() -> None:
    text = stack("# Multi-region web stack: primary and disaster recovery\n")
    result = tapfix.fix(text, select=["TAP001"])
    (placed,) = result.placed
    assert placed.place.line == text[: text.index("# Multi")].count("\n") + 1
    assert "a comment speaks of disaster recovery" in placed.finding.message
    assert '"# Multi-region web stack: primary and disaster recovery"' in placed.finding.reason
    assert result.files["tap_stack.tf"] == text


def test_the_strongest_evidence_is_named() -> None:
    text = stack("# Disaster recovery\n", OF_KIND["joined"][0], OF_KIND["outputs"][0])
    assert signs(text)[0].kind == "joined"
    assert "connects the regions' networks" in found(text).message


def test_every_kind_of_evidence_has_a_test() -> None:
    assert {*OF_KIND, "regions", "unnamed"} == set(KINDS)


# --- what is stated ---------------------------------------------------------------------------------------------------

ROLES = stack("# Disaster recovery\n", names=("primary", "secondary"))


def test_a_stated_single_region_collapses_and_says_why() -> None:
    finding = found(ROLES, '[topology]\nregions = "single"\n')
    assert finding.status is Status.FIXED
    assert (finding.because.source, finding.because.text, finding.because.line) == ("contract", "topology.regions", 2)


@pytest.mark.parametrize("text", [ROLES, stack()])
def test_several_stated_regions_keep_the_stack(text: str) -> None:
    finding = found(text, '[topology]\nregions = "multi"\n')
    assert finding.status is Status.SUPPRESSED
    assert finding.because.source == "contract"


def test_an_alias_alone_is_nothing_unless_one_region_is_stated() -> None:
    alone = stack().replace(NETWORKS.replace("EAST", NAMES[0]).replace("WEST", NAMES[1]), "")
    assert tapfix.fix(f'{alone}\nresource "aws_sqs_queue" "a" {{\n}}\n', select=["TAP001"]).findings == ()
    finding = found(alone + '\nresource "aws_sqs_queue" "a" {\n}\n', '[topology]\nregions = "single"\n')
    assert (finding.status, finding.because.source) == (Status.REFUSED, "contract")


# --- real answers -----------------------------------------------------------------------------------------------------

ANSWERS = Path(os.environ.get("TAPFIX_ANSWERS", Path(__file__).resolve().parents[4] / "shared" / "corpus"))
real = pytest.mark.skipif(
    not ANSWERS.is_dir(), reason=f"no real answers at {ANSWERS}; name their folder in TAPFIX_ANSWERS"
)


@real
@pytest.mark.parametrize("contract", ["", '[topology]\nregions = "single"\n'])
def test_the_real_mirror_is_collapsed(contract: str) -> None:
    finding = found((ANSWERS / "seed" / "multi_region.md").read_text("utf-8"), contract)
    assert finding.status is Status.FIXED
    assert finding.because.source == ("contract" if contract else "built-in")


@real
def test_no_real_answer_whose_prompt_wants_several_regions_is_collapsed() -> None:
    """Each of these answers that is doubled was asked for several regions."""
    for path in sorted(ANSWERS.glob("cases/*/MODEL_RESPONSE.md")):
        text = path.read_text("utf-8")
        if re.search(r"provider\s*=\s*aws\.", text) is None:
            continue
        try:
            findings = tapfix.fix(text, select=["TAP001"]).findings
        except tapfix.TapfixError:
            continue
        assert all(finding.status is not Status.FIXED for finding in findings), path.parent.name
