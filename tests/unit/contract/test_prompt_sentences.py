"""Whole prompts of one or two sentences, each with all clauses that it states."""

from __future__ import annotations

from typing import Any

import pytest

from tapfix.contract.proposing import propose

ENVIRONMENTS = {"topology.environments": ["prod", "staging", "dev"]}
MULTI = {"topology.regions": "multi"}
ONE_FILE = {"deliverable.main": "main.tf", "deliverable.single_file": True}
NO_OPEN = {"forbid.open_ingress": True}


def stated(prompt: str) -> dict[str, Any]:
    return {f"{proposal.table}.{proposal.key}": proposal.value for proposal in propose(prompt)}


def one(region: str) -> dict[str, Any]:
    return {"topology.regions": "single", "topology.allowed_regions": [region]}


def both(*regions: str) -> dict[str, Any]:
    return {"topology.regions": "multi", "topology.allowed_regions": list(regions)}


def check(prompt: str, clauses: dict[str, Any]) -> None:
    assert stated(prompt) == clauses


@pytest.mark.parametrize(
    ("prompt", "clauses"),
    [
        ("Deploy production, staging, and development environments (excluding the us-east-1 region).", ENVIRONMENTS),
        ("Do not deploy anything to us-east-1.", {}),
        ("SSH access (port 22) only from our office CIDR - definitely not from 0.0.0.0/0!", NO_OPEN),
        (
            "SSH on port 22 and HTTPS on 443 are the ones we need, restricted properly - no wide-open 0.0.0.0/0 unless "
            "it is for the load balancer.",
            {**NO_OPEN, "forbid.open_ports": [80, 443]},
        ),
        ("Restrict SSH (22) to var.allowed_ssh_cidr (not 0.0.0.0/0).", {"forbid.closed_ports": [22]}),
        ("Nothing must be destroyable: set deletion_protection.", {"lifecycle.destroyable": False}),
        (
            "All resources must be tagged with Environment:Production and Department:IT.",
            {"tags.keys": ["Environment", "Department"]},
        ),
        ("Apply data classification tags: PII, Confidential, Public.", {}),
        ("Create log groups with retention per environment (7 days for dev, 30 for staging, 90 for production).", {}),
        ("The source database is on-premises PostgreSQL 13.x, the target is Aurora PostgreSQL.", {}),
        ("MySQL 3306 must be reachable from the app tier only.", {}),
    ],
)
def test_a_demand_is_not_turned_into_its_opposite(prompt: str, clauses: dict[str, Any]) -> None:
    check(prompt, clauses)


@pytest.mark.parametrize(
    ("prompt", "clauses"),
    [
        ("Multi-region deployment for high availability.", MULTI),
        ("Deploy the stack in two AWS regions.", MULTI),
        ("Deploy it across at least two AWS regions.", MULTI),
        ("Create a multi-region web application.", MULTI),
        ("The network must span three AWS regions.", MULTI),
        ("Deploy to a primary region (us-east-1) with a standby in us-west-2.", both("us-east-1", "us-west-2")),
        ("Deploy in us-east-1 and eu-west-1.", both("us-east-1", "eu-west-1")),
        ("The deployment spans several regions for resilience.", MULTI),
        ("Primary in us-east-1, DR in us-west-2.", both("us-east-1", "us-west-2")),
        ("Active-active across us-east-1 and ap-southeast-2.", both("us-east-1", "ap-southeast-2")),
        ("Create identical stacks in both the us-east-1 and us-west-2 regions.", both("us-east-1", "us-west-2")),
        ("Use cross-region replication for the S3 bucket.", {}),
        ("Enable a multi-region trail.", {}),
        ("Create a multi-region KMS key.", {}),
        ("Use a global table for multi-region replication.", {}),
        ("Enable CloudTrail across all regions.", {}),
        ("Later we will deploy to two AWS regions.", {}),
        ("Optionally deploy a second copy to us-west-2.", {}),
        ("It is difficult to deploy the current stack across multiple regions.", {}),
        ("| Region | Price |\n|---|---|\n| us-east-1 | 1 |\n| us-west-2 | 2 |\n", {}),
        ("```\nDeploy the stack in two AWS regions.\n```\n", {}),
        ("## Future improvements\n\n- Deploy the stack in two AWS regions.\n", {}),
        (
            "DynamoDB global tables in us-east-1 and eu-west-1.",
            {"topology.allowed_regions": ["us-east-1", "eu-west-1"]},
        ),
        ("VPC peering between us-east-1 and us-west-2.", {"topology.allowed_regions": ["us-east-1", "us-west-2"]}),
        ("The stack is deployed in us-east-1 or us-west-2.", {}),
        ("Deploy to a region such as us-east-1.", {}),
        ("Deploy to all regions except us-east-1.", {}),
        ("Everything runs in eu-west-1, not in us-east-1.", one("eu-west-1")),
        ("Use us-west-2 rather than us-east-1.", one("us-west-2")),
        ("Avoid us-east-1. Deploy to us-west-2.", one("us-west-2")),
        ("No multi-region setup is needed; deploy in us-east-1.", one("us-east-1")),
        ("Availability zones us-east-1a and us-east-1b are used.", {}),
        ("The ACM certificate for CloudFront must be in us-east-1.", {}),
        ("Migrate the application from us-west-1 to us-east-2.", {}),
        (
            "dev runs in us-east-1, staging in us-west-2, and prod in eu-west-1.",
            {"topology.regions": "single", "topology.allowed_regions": ["us-east-1", "us-west-2", "eu-west-1"]},
        ),
    ],
)
def test_regions(prompt: str, clauses: dict[str, Any]) -> None:
    check(prompt, clauses)


@pytest.mark.parametrize(
    ("prompt", "clauses"),
    [
        ("Do not add any `provider` or backend blocks.", {"deliverable.provider_block": False}),
        ("Give me the complete main.tf file contents in a single Terraform file.", ONE_FILE),
        ("Everything needs to be in a single main.tf file.", ONE_FILE),
        ("Provide only the Terraform code: no explanations, no descriptive text.", {"deliverable.prose": False}),
        (
            "One file with all variables and outputs (no provider block, no module references).",
            {"deliverable.provider_block": False, "deliverable.modules": "none"},
        ),
        (
            "All resources use the `environment_suffix` variable for naming.",
            {"names.suffix_variable": "environment_suffix"},
        ),
        ("Use the environmentSuffix variable throughout for naming.", {"names.suffix_variable": "environmentSuffix"}),
        (
            "Set up CloudWatch log groups with encryption and 365-day retention for audit trails.",
            {"data.log_retention_days": 365},
        ),
        ("A log group for Lambda (7 days retention).", {"data.log_retention_days": 7}),
        (
            "The AWS provider version is constrained to 5.x using the pessimistic operator (~> 5.0).",
            {"require.aws_provider_version": "~> 5.0"},
        ),
        ("Execution roles are least-privilege, without any wildcard permissions.", {"forbid.iam_wildcards": True}),
        (
            "Deploy 6 subnets across 3 availability zones. Create 3 NAT Gateways, one per public subnet.",
            {"require.resources": {"aws_subnet": 6, "aws_nat_gateway": 3}},
        ),
        ("The VPC has 2 private and 2 public subnets.", {"require.resources": {"aws_subnet": 4}}),
        (
            "Tag resources with Environment=Production and Service=Orders.",
            {"tags.keys": ["Environment", "Service"]},
        ),
        (
            'Apply mandatory tags by default_tags including Environment (var.environment) and Owner ("Security").',
            {"tags.keys": ["Environment", "Owner"]},
        ),
        ("All components are tagged with:\n- Environment\n- Owner\n", {"tags.keys": ["Environment", "Owner"]}),
        (
            "Variables (with defaults where practical):\n- `vpc_cidr`\n- `alert_email`\n",
            {"require.variables": ["vpc_cidr", "alert_email"]},
        ),
        ("Both ports take traffic from 10.0.0.0/8 only. Don't open this up to the internet.", NO_OPEN),
        (
            "Resource names must include environmentSuffix for uniqueness.",
            {"names.suffix_variable": "environmentSuffix"},
        ),
    ],
)
def test_other_wordings(prompt: str, clauses: dict[str, Any]) -> None:
    check(prompt, clauses)


PAIRS: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    ("Deploy to us-east-1.", one("us-east-1"), "Do not deploy to us-east-1.", {}),
    (
        "This is a multi-region deployment.",
        MULTI,
        "This is no multi-region deployment.",
        {"topology.regions": "single"},
    ),
    ("Use no modules.", {"deliverable.modules": "none"}, "Use modules for each tier.", {}),
    ("Use no external modules.", {"deliverable.modules": "local"}, "Use external modules.", {}),
    (
        "Use no provider block.",
        {"deliverable.provider_block": False},
        "Include a provider block.",
        {},
    ),
    ("Add no explanations.", {"deliverable.prose": False}, "Add explanations.", {}),
    ("Do not skip explanations.", {}, "No explanations please.", {"deliverable.prose": False}),
    ("Put all code in main.tf.", ONE_FILE, "Do not put all code in main.tf.", {}),
    (
        "All resources must be destroyable.",
        {"lifecycle.destroyable": True},
        "No resource must be destroyable.",
        {"lifecycle.destroyable": False},
    ),
    (
        "Do not set prevent_destroy on any resource.",
        {"lifecycle.destroyable": True},
        "Set prevent_destroy on the state bucket.",
        {},
    ),
    (
        "Deletion protection must be disabled on all resources.",
        {"lifecycle.destroyable": True},
        "Enable deletion protection: deletion_protection = true.",
        {"lifecycle.destroyable": False},
    ),
    (
        "EC2 instances in an Auto Scaling Group.",
        {"compute.autoscaling": True},
        "EC2 instances without an Auto Scaling Group.",
        {"compute.autoscaling": False},
    ),
    (
        "Tag everything with Owner, CostCenter and Environment.",
        {"tags.keys": ["Owner", "CostCenter", "Environment"]},
        "Do not tag everything with Owner, CostCenter and Environment.",
        {},
    ),
    (
        "Every resource name includes var.environment_suffix.",
        {"names.suffix_variable": "environment_suffix"},
        "No resource name includes var.environment_suffix.",
        {},
    ),
    (
        "IAM policies must not contain wildcards.",
        {"forbid.iam_wildcards": True},
        "IAM policies may contain wildcards.",
        {},
    ),
    ("Security groups must never allow 0.0.0.0/0.", NO_OPEN, "The load balancer must allow 0.0.0.0/0.", {}),
    (
        "No ingress from 0.0.0.0/0 except on port 443.",
        {**NO_OPEN, "forbid.open_ports": [443]},
        "Never open port 22 to 0.0.0.0/0.",
        {"forbid.closed_ports": [22]},
    ),
    (
        "All log groups keep 30-day retention.",
        {"data.log_retention_days": 30},
        "Log retention must not be 30 days.",
        {},
    ),
    ("Use PostgreSQL 15.", {"data.engine_versions": {"postgres": "15"}}, "Do not use PostgreSQL 15.", {}),
    (
        "Aurora PostgreSQL 15.4 cluster.",
        {"data.engine_versions": {"aurora-postgresql": "15.4"}},
        "Aurora PostgreSQL (5432).",
        {},
    ),
    ("Use AWS provider ~> 5.40.", {"require.aws_provider_version": "~> 5.40"}, "Do not use AWS provider 4.x.", {}),
    ("Encrypt everything at rest.", {"data.encrypted": True}, "No encryption at rest is needed.", {}),
    (
        "Create one tfvars file per environment.",
        {"deliverable.tfvars": True},
        "Do not create tfvars files.",
        {"deliverable.tfvars": False},
    ),
    ("Avoid using `aws_instance`.", {"forbid.resources": ["aws_instance"]}, "Use `aws_instance`.", {}),
]


@pytest.mark.parametrize(("affirmed", "clauses", "negated", "others"), PAIRS)
def test_the_same_sentence_affirmed_and_negated(
    affirmed: str, clauses: dict[str, Any], negated: str, others: dict[str, Any]
) -> None:
    check(affirmed, clauses)
    check(negated, others)


@pytest.mark.parametrize(
    "prompt",
    [
        "Tag EC2 instances with Name and Role.",
        "Tag S3 objects with Retention and Class.",
        "Tags such as Environment, Owner and Team are nice.",
        "Optionally tag resources with Owner and Team.",
        "Do not hardcode tags such as Environment or Owner.",
        "No wildcard permissions except for logs.",
        "The log retention is configurable (default 30 days).",
        "Retain logs for 7 days in dev and 90 days in prod.",
        "RDS backups with 7-day retention.",
        "VPC flow logs with 30-day retention.",
        "Migrate from MySQL 5.7 to MySQL 8.0.",
        "PostgreSQL 15 or later.",
        "Do not use Terraform 1.5+ features.",
        "ECS service with auto scaling.",
        "An Auto Scaling Group could be added later.",
        "Use only official modules, no community modules.",
        "The default route is 0.0.0.0/0; no NAT gateway is needed.",
        "Use separate accounts for dev and prod.",
        "Do not create staging or prod environments.",
        "If you use a provider block, leave the modules out.",
        "Names should include a suffix.",
    ],
)
def test_a_scope_that_is_not_plain_states_nothing(prompt: str) -> None:
    check(prompt, {})


@pytest.mark.parametrize(
    ("prompt", "clauses"),
    [
        ("Do not use:\n\n- `aws_instance`\n- external modules\n", {"deliverable.modules": "local"}),
        ("Optional:\n\n- An Auto Scaling Group for the instances\n", {}),
        ("You must not:\n\n- include a provider block\n", {"deliverable.provider_block": False}),
        (
            "**Tags** on all resources:\n- `Environment`: from the variable\n- `Owner`\n",
            {"tags.keys": ["Environment", "Owner"]},
        ),
        ("All resources are tagged with:\n\u2022 Environment\n\u2022 Owner\n", {"tags.keys": ["Environment", "Owner"]}),
        ("Please put\neverything into a single file\nnamed `main.tf`.\n", ONE_FILE),
    ],
)
def test_an_item_knows_the_sentence_that_introduces_its_list(prompt: str, clauses: dict[str, Any]) -> None:
    check(prompt, clauses)


@pytest.mark.parametrize(
    ("prompt", "clauses"),
    [
        (
            "Put it in a single file named `stack.tf` beside the existing provider.tf.",
            {"main": "stack.tf", "single_file": True},
        ),
        ("Create main.tf, variables.tf and outputs.tf.", {"main": "main.tf"}),
        (
            "Keep all in a single `stack.tf` file. Give me the code for `stack.tf` and `provider.tf`.",
            {"main": "stack.tf"},
        ),
        ("Write a single file `../x.tf`.", {}),
    ],
)
def test_files(prompt: str, clauses: dict[str, Any]) -> None:
    check(prompt, {f"deliverable.{key}": value for key, value in clauses.items()})


def test_each_clause_has_its_line_and_sentence() -> None:
    prompt = "# Stack\n\nHello. It is\nfine.\n\n1. **Tagging**: tag all resources with `Owner` and `Team`.\n2. No external modules.\n"
    sources = {proposal.key: proposal.sources for proposal in propose(prompt)}
    assert sources == {
        "modules": ((7, "No external modules."),),
        "keys": ((6, "**Tagging**: tag all resources with `Owner` and `Team`."),),
    }
