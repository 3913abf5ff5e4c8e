"""TAP001 in cases too small for the corpus: what is refused by name, and the values and words of the outcome."""

from __future__ import annotations

import pytest

import tapfix
from fixers.region_collapse.environment_values import per_environment
from tapfix.contract import Contract
from tapfix.fixer import Finding, Status
from tapfix.module import Project

PROVIDERS = """\
provider "aws" {
  alias  = "east"
  region = "us-east-1"
}

provider "aws" {
  alias  = "west"
  region = "us-west-2"
}
"""


def twins(type: str, body: str, other: str | None = None) -> str:
    """A block on each side; `SIDE` in the body is the side's name."""
    text = [PROVIDERS]
    for side, held in (("east", body), ("west", body if other is None else other)):
        text.append(f'resource "{type}" "SIDE" {{\n  provider = aws.SIDE\n{held}\n}}\n'.replace("SIDE", side))
    return "\n".join(text)


SINGLE = Contract.from_toml('[topology]\nregions = "single"\n')


def collapse(text: str) -> tapfix.Result:
    return tapfix.fix(text, select=["TAP001"], contract=SINGLE)


def refusals(text: str) -> dict[str, str]:
    """The reasons of the refusals, by the address of each."""
    findings: tuple[Finding, ...] = collapse(text).findings
    assert {f.status for f in findings} == {Status.REFUSED}
    return {f.address: f.reason for f in findings}


VPC = twins("aws_vpc", '  cidr_block = "10.0.0.0/16"')
ACROSS = {
    "a peering": """\
resource "aws_vpc_peering_connection" "p" {
  vpc_id      = aws_vpc.east.id
  peer_vpc_id = aws_vpc.west.id
}
""",
    "a module of both": """\
module "p" {
  source    = "./p"
  providers = { aws.a = aws.east, aws.b = aws.west }
}
""",
    "a failover": """\
resource "aws_route53_record" "p" {
  name = aws_vpc.east.id
  failover_routing_policy {
    type = "PRIMARY"
  }
}
""",
    "a replica key": """\
resource "aws_kms_replica_key" "p" {
  provider        = aws.west
  primary_key_arn = "arn"
}
""",
    "no twin": """\
resource "aws_sqs_queue" "p" {
  provider = aws.west
}
""",
}


@pytest.mark.parametrize("what", ACROSS)
def test_what_works_across_regions_is_refused_by_name(what: str) -> None:
    found = refusals(VPC + "\n" + ACROSS[what])
    assert any(address.endswith(".p") for address in found), found


@pytest.mark.parametrize(
    ("here", "there", "given"),
    [
        ('"10.2.0.0/16"', '"10.1.0.0/16"', ['"10.2.0.0/16"', '"10.1.0.0/16"', '"10.0.0.0/16"']),
        ('"172.31.0.0/16"', '"172.16.0.0/16"', ['"172.31.0.0/16"', '"172.16.0.0/16"', '"172.17.0.0/16"']),
        ('"10.0.0.0/16"', '"10.1.0.0/16"', ['"10.0.0.0/16"', '"10.1.0.0/16"', '"10.2.0.0/16"']),
    ],
)
def test_ranges_keep_apart(here: str, there: str, given: list[str]) -> None:
    result = collapse(twins("aws_vpc", f"  cidr_block = {here}", f"  cidr_block = {there}"))
    files = Project(result.files).files
    assert [files[f"{e}.tfvars"].attributes["main_cidr_block"].value for e in ("dev", "staging", "prod")] == given


def test_a_map_by_zone_keeps_its_zones_and_takes_the_other_ranges() -> None:
    variable = (
        'variable "cidrs_SIDE" {\n  default = {\n    "REGIONa" = "10.N.1.0/24"\n    "REGIONb" = "10.N.2.0/24"\n  }\n}\n'
    )
    maps = [
        variable.replace("SIDE", side).replace("REGION", region).replace("N", number)
        for side, region, number in (("east", "us-east-1", "0"), ("west", "us-west-2", "1"))
    ]
    text = "\n".join([twins("aws_subnet", "  for_each   = var.cidrs_SIDE\n  cidr_block = each.value"), *maps])
    staging = Project(collapse(text).files).files["staging.tfvars"].attributes["cidrs"].value
    assert "us-east-1a" in staging
    assert "us-west" not in staging
    assert '"10.1.2.0/24"' in staging


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("CIDR block for us-east-1 VPC", "CIDR block VPC"),
        ("Subnets in us-east-1 (by zone)", "Subnets (by zone)"),
        ("us-east-1: the network", "the network"),
        ("VPCs of us-east-1 and us-west-2", "VPCs"),
        ("Network of US East (N. Virginia)", "Network"),
    ],
)
def test_prose_reads_on_without_the_region(before: str, after: str) -> None:
    text = f'{VPC}\noutput "vpc" {{\n  description = "{before}"\n  value       = aws_vpc.east.id\n}}\n'
    description = Project(collapse(text).files).root.outputs["vpc"].get("description")
    assert description is not None
    assert description.value == f'"{after}"'


CDN = """\
resource "aws_acm_certificate" "cdn" {
  provider    = aws.east
  domain_name = "www.example.com"
}

resource "aws_wafv2_web_acl" "cdn" {
  provider = aws.east
  name     = "cdn"
  scope    = "CLOUDFRONT"
}
"""


def test_a_certificate_of_cloudfront_is_no_second_region() -> None:
    text = f"{PROVIDERS}\n{CDN}"
    assert collapse(text).findings == ()


SIZED = twins("aws_sqs_queue", '  delay_seconds = var.sizes["SIDE"]')


def test_a_map_by_region_that_a_variable_holds_becomes_its_value() -> None:
    variable = 'variable "sizes" {\n  type = map(number)\n  default = {\n    east = 1\n    west = 2\n  }\n}\n'
    text = f"{SIZED}\n{variable}"
    result = collapse(text)
    size = Project(result.files).root.variables["size"]
    assert (size.get("type"), size.get("default")) != (None, None)
    assert "default = 1" in size.text()
    assert "size = 2" in result.files["prod.tfvars"]
    assert "delay_seconds = var.size\n" in result.files["tap_stack.tf"]


def test_a_map_that_is_walked_over_stays() -> None:
    variable = 'variable "sizes" {\n  type = map(number)\n  default = {\n    east = 1\n    west = 2\n  }\n}\n'
    walked = 'output "all" {\n  value = [for name, size in var.sizes : size]\n}\n'
    text = f"{SIZED}\n{variable}\n{walked}"
    assert "west = 2" in collapse(text).files["tap_stack.tf"]


def test_a_region_variable_of_another_name_is_called_as_the_provider_file_wants_it() -> None:
    variables = 'variable "primary_region" {\n  default = "us-east-1"\n}\n'
    text = VPC.replace('"us-east-1"', "var.primary_region") + "\n" + variables
    root = Project(collapse(text).files).root
    assert "aws_region" in root.variables
    assert "primary_region" not in root.variables
    assert [b.get("region").value for b in root.blocks_of("provider")] == ["var.aws_region"]  # type: ignore[union-attr]


@pytest.mark.parametrize("order", [("east", "west"), ("west", "east")])
@pytest.mark.parametrize("comma", [",", ""])
def test_a_line_of_a_list_goes_with_its_comment_and_leaves_those_of_the_others(
    order: tuple[str, str], comma: str
) -> None:
    first, last = order
    listed = f"[\n    aws_vpc.{first}.id, # of {first}\n    aws_vpc.{last}.id{comma} # of {last}\n  ]"
    result = collapse(f'{VPC}\noutput "ids" {{\n  value = {listed}\n}}\n')
    value = Project(result.files).root.outputs["ids"].get("value")
    assert value is not None
    assert "# of east" in value.value
    assert "# of west" not in value.value
    assert value.value.count("\n") == 2
    assert result.is_sound


@pytest.mark.parametrize(
    ("regions", "given"),
    [
        (["{ a = 1, b = 2 }", "{ b = 4, a = 3 }"], ["{ a = 1, b = 2 }", "{ a = 3, b = 4 }", "{ a = 3, b = 4 }"]),
        (
            ["{ a = 1, b = 2 }", "{ b = 4, a = 3 }", "{ c = 5, d = 6 }"],
            ["{ a = 1, b = 2 }", "{ a = 3, b = 4 }", "{ a = 5, b = 6 }"],
        ),
        (["[1, 2]", "[3]"], ["[1, 2]", "[1, 2]", "[1, 2]"]),
    ],
)
def test_the_constants_of_a_map_are_chosen_by_their_keys(regions: list[str], given: list[str]) -> None:
    """In a map with other keys, as one by zone, the place decides."""
    assert list(per_environment(("dev", "staging", "prod"), regions).values()) == given


def test_a_list_of_numbers_over_several_lines_has_the_type_of_its_numbers() -> None:
    text = twins("aws_lb_listener", "  ports = [\n    80,\n    443\n  ]", "  ports = [\n    81,\n    444\n  ]")
    types = {name: v.get("type") for name, v in Project(collapse(text).files).root.variables.items()}
    assert (ports := types["main_ports"]) is not None
    assert ports.value == "list(number)"
