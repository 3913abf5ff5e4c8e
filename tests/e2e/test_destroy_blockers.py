"""The table of destroy blockers, with the real provider.

Every row validates, and on the emulator a destroy that failed before the fixes finishes after them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from fixers.destroyable.blockers import BLOCKERS
from tapfix.contract import Contract
from tapfix.engine.guard import repair
from tapfix.engine.passes import Options
from tapfix.engine.registry import builtin_fixers
from tapfix.module import Module, Project
from tapfix.schema import AttributeSchema, BlockSchema, load
from tapfix.schema.constraints import Choice, constraints
from tapfix.verify import surroundings
from tapfix.verify.emulator import Emulator, python_with_moto

pytestmark = pytest.mark.terraform

FIXERS = [fixer for fixer in builtin_fixers() if fixer.rule == "TAP002"]


class Terraform:
    """The real terraform in its own folder."""

    def __init__(self, folder: Path, endpoint: str = "http://127.0.0.1:1") -> None:
        if shutil.which("terraform") is None:
            pytest.skip("terraform is not on the PATH")
        self.folder = folder
        variables = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.variables = {
            **variables,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "CHECKPOINT_DISABLE": "1",
            "NO_COLOR": "1",
        }

    def write(self, text: str) -> None:
        files = {"main.tf": text}
        module: Module = Project(files).root
        for name, content in {**files, **surroundings.settings(module)}.items():
            (self.folder / name).write_text(content, "utf-8")

    def init(self) -> None:
        done = self.run("init", "-input=false")
        if done.returncode:
            pytest.skip("terraform finds no AWS provider in its mirror")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["terraform", *arguments],
            cwd=self.folder,
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def resources(self) -> set[str]:
        return set(self.run("state", "list").stdout.split())


def without_blockers(text: str) -> str:
    outcome = repair({"main.tf": text}, FIXERS, Contract.default(), options=Options(strict=True, guard=False))
    return outcome.texts["main.tf"]


# Every row validates -----------------------------------------------------------------------------------------------

WANTED = {
    "aws_alb": 'subnets = ["subnet-12345678"]',
    "aws_autoscaling_group": 'launch_configuration = "main"\navailability_zones = ["us-east-1a"]',
    "aws_cloudwatch_event_rule": 'schedule_expression = "rate(1 day)"',
    "aws_datazone_project": 'domain_identifier = "dzd_abcdefgh"',
    "aws_directory_service_trust": 'directory_id = "d-1234567890"\nremote_domain_name = "example.com"',
    "aws_docdb_global_cluster": 'engine = "docdb"',
    "aws_fsx_ontap_volume": 'storage_virtual_machine_id = "svm-12345678901234567"\nsize_in_megabytes = 1024',
    "aws_fsx_openzfs_volume": 'parent_volume_id = "fsvol-12345678901234567"',
    "aws_gamelift_fleet": 'build_id = "build-1"',
    "aws_gamelift_game_server_group": 'instance_definition {\ninstance_type = "c5.large"\n}\n'
    'instance_definition {\ninstance_type = "c5.xlarge"\n}',
    "aws_iam_role": 'assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })',
    "aws_instance": 'ami = "ami-12345678"\ninstance_type = "t3.micro"',
    "aws_lambda_function": 'filename = "a.zip"\nhandler = "a.b"\nruntime = "python3.12"',
    "aws_lb": 'subnets = ["subnet-12345678"]',
    "aws_neptune_global_cluster": 'engine = "neptune"',
    "aws_pinpointsmsvoicev2_phone_number": 'iso_country_code = "US"',
    "aws_rds_cluster": 'engine = "aurora-mysql"',
    "aws_rds_cluster_instance": 'engine = "aurora-mysql"',
    "aws_redshift_endpoint_authorization": 'account = "123456789012"',
    "aws_s3_directory_bucket": 'bucket = "full--use1-az4--x-s3"\nlocation {\nname = "use1-az4"\n}',
    "aws_spot_fleet_request": "launch_template_config {\nlaunch_template_specification {\n"
    'name = "main"\nversion = "1"\n}\n}',
    "aws_spot_instance_request": 'ami = "ami-12345678"\ninstance_type = "t3.micro"',
    "aws_vpc_ipam": 'operating_regions {\nregion_name = "us-east-1"\n}',
}
"""What the provider requires beside the schema's required arguments, or in a form that the schema does not show."""

OTHER = {
    '"INACTIVE"': '"ACTIVE"',
    '"DISABLED"': '"ENABLED"',
    '"NoProtection"': '"FullProtection"',
    '"NO_PROTECTION"': '"FULL_PROTECTION"',
    '"Delete"': '"Retain"',
    "true": "false",
    "false": "true",
}
"""The value that blocks, by the value that does not."""


ARN = '"arn:aws:iam::123456789012:role/main"'


def value(type: str, path: tuple[str, ...], attribute: AttributeSchema) -> str:
    """A value that the provider accepts."""
    choices = [
        choice for constraint in constraints("resource", type).of(".".join(path)) for choice in constraint.choices
    ]
    chosen = next((text for choice in choices if (text := value_of(choice))), None)
    if isinstance(attribute.type, list):
        return f"[{chosen or (ARN if path[-1].endswith('arns') else json.dumps('subnet-12345678'))}]"
    plain = {"bool": "true", "number": "1"}.get(attribute.type, ARN if path[-1].endswith("arn") else '"abcdefghijkl"')
    return chosen or plain


def value_of(choice: Choice) -> str:
    """A value of a kind; empty where any value is accepted."""
    match choice.kind:
        case "enum" | "numbers":
            return json.dumps(choice.operands[0][0])
        case "range":
            return str(choice.operands[0])
        case "arn":
            return ARN
        case "json":
            return '"{}"'
        case "cidr":
            return '"10.0.0.0/16"'
    return ""


def body(type: str, schema: BlockSchema, argument: tuple[str, ...], text: str, at: tuple[str, ...] = ()) -> str:
    """The body of a block: what the provider requires, and one argument."""
    lines = [WANTED[type]] if not at and type in WANTED else []
    have = {line.split()[0] for line in (lines[0].splitlines() if lines else ())}
    for name, attribute in schema.attributes.items():
        if attribute.required and name not in have and (*at, name) != argument:
            lines.append(f"{name} = {value(type, (*at, name), attribute)}")
    for name, nested in schema.blocks.items():
        here = (*at, name)
        if name not in have and (nested.min_items or here == argument[: len(here)]):
            lines.append(f"{name} {{\n{body(type, nested.block, argument, text, here)}\n}}")
    if at == argument[:-1] and text:
        lines.append(f"{argument[-1]} = {text}")
    return "\n".join(lines)


def resources() -> Iterator[tuple[str, str]]:
    """The address and text of each row that version 5 of the provider knows, in its four forms."""
    for row in BLOCKERS:
        path = tuple(row.argument.split("."))
        blocks = OTHER.get(row.wanted, "[]")
        for type in row.types.split():
            schema = load(5).resource(type)
            if schema is None or row.since != "5.100":
                continue
            switch = f"{type}_{path[-1]}"
            forms = {
                "alone": blocks,
                "variable": f"var.{switch}",
                "conditional": f'var.environment == "prod" ? {blocks} : {row.wanted}',
                "absent": "",
            }
            for form, text in forms.items():
                name = f"{'_'.join(path)}_{form}"
                yield f"{type}.{name}", f'resource "{type}" "{name}" {{\n{body(type, schema, path, text)}\n}}\n'
            yield f"var.{switch}", f'variable "{switch}" {{\n  default = {blocks}\n}}\n'


def complaints(folder: Path, text: str) -> Mapping[str, list[str]]:
    """The errors that terraform reports, by the address of the resource."""
    terraform = Terraform(folder)
    terraform.write(text)
    terraform.init()
    found: dict[str, list[str]] = defaultdict(list)
    for said in json.loads(terraform.run("validate", "-json").stdout)["diagnostics"]:
        if said["severity"] == "error":
            context = (said.get("snippet") or {}).get("context") or ""
            address = said.get("address") or ".".join(context.replace('"', "").split()[1:3])
            found[address].append(f"{said['summary']}: {said['detail']}")
    return found


def test_every_row_validates_before_and_after(tmp_path: Path) -> None:
    stack = dict(resources())
    before = 'variable "environment" {\n  default = "dev"\n}\n' + "".join(stack.values())
    after = without_blockers(before)
    assert len(stack) > 400
    assert complaints(tmp_path, before) == {}
    assert complaints(tmp_path, after) == {}


# A destroy that failed finishes ------------------------------------------------------------------------------------

DATABASE = """
  engine            = "mysql"
  instance_class    = "db.t3.micro"
  allocated_storage = 20
  username          = "dbadmin"
  password          = "Correct-Horse-9"
"""
AURORA = """
  engine          = "aurora-mysql"
  master_username = "dbadmin"
  master_password = "Correct-Horse-9"
"""
PROTECTED = "  skip_final_snapshot = true\n  deletion_protection = true\n"

BLOCKED = {
    "aws_db_instance.protected": f'  identifier = "protected"\n{DATABASE}{PROTECTED}',
    "aws_db_instance.snapshot": f'  identifier = "snapshot"\n{DATABASE}',
    "aws_rds_cluster.protected": f'  cluster_identifier = "protected-cluster"\n{AURORA}{PROTECTED}',
    "aws_rds_cluster.snapshot": f'  cluster_identifier = "snapshot-cluster"\n{AURORA}',
    "aws_neptune_cluster.protected": f'  cluster_identifier = "protected-graph"\n{PROTECTED}',
    "aws_neptune_cluster.snapshot": '  cluster_identifier = "snapshot-graph"\n',
    "aws_dynamodb_table.protected": """
  name                        = "protected"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "id"
  deletion_protection_enabled = true

  attribute {
    name = "id"
    type = "S"
  }
""",
    "aws_s3_bucket.full": '  bucket = "tapfix-full"\n',
    "aws_ecr_repository.full": '  name = "full"\n',
    "aws_route53_zone.full": '  name          = "full.example.com"\n  force_destroy = false\n',
    "aws_autoscaling_group.protected": """
  name                  = "protected"
  min_size              = 1
  max_size              = 1
  availability_zones    = ["us-east-1a"]
  protect_from_scale_in = true

  launch_template {
    id = aws_launch_template.main.id
  }

  timeouts {
    delete = "10s"
  }
""",
}
"""Resources that the emulator refuses to destroy, as AWS does. The provider itself asks for the snapshots."""

UNBLOCKED = {
    "aws_launch_template.main": '  name          = "main"\n  image_id      = "ami-12c6146b"\n'
    '  instance_type = "t3.micro"\n',
}
KEPT = """
resource "aws_kms_key" "kept" {
  description = "kept"

  lifecycle {
    prevent_destroy = true
  }
}
"""

FILL = """
import json, sys
import boto3

def client(service):
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(service, endpoint_url=sys.argv[1], region_name="us-east-1", **keys)

client("s3").put_object(Bucket="tapfix-full", Key="a", Body=b"a")
kind = "application/vnd.docker.distribution.manifest.v2+json"
manifest = {"schemaVersion": 2, "mediaType": kind, "config": {"digest": "sha256:" + "0" * 64}, "layers": []}
client("ecr").put_image(repositoryName="full", imageTag="a", imageManifest=json.dumps(manifest))
zones = client("route53")
record = {"Name": "a.full.example.com", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "10.0.0.1"}]}
zones.change_resource_record_sets(
    HostedZoneId=zones.list_hosted_zones()["HostedZones"][0]["Id"],
    ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]},
)
"""
"""Adds an object, an image and a record that Terraform did not create."""


@pytest.mark.skipif(python_with_moto() is None, reason="moto[server] is not installed")
def test_a_destroy_that_failed_finishes(tmp_path: Path) -> None:
    parts = [
        'resource "{}" "{}" {{\n{}}}\n'.format(*address.split("."), text)
        for address, text in {**BLOCKED, **UNBLOCKED}.items()
    ]
    stack = "\n".join([*parts, KEPT])
    with Emulator() as emulator:
        terraform = Terraform(tmp_path, emulator.url)
        terraform.write(stack)
        terraform.init()
        applied = terraform.run("apply", "-auto-approve", "-parallelism=30")
        assert applied.returncode == 0, applied.stderr
        filled = subprocess.run(
            [str(python_with_moto()), "-c", FILL, emulator.url], capture_output=True, text=True, timeout=60, check=False
        )
        assert filled.returncode == 0, filled.stderr
        assert "prevent_destroy" in destroyed(terraform)
        terraform.write(stack.replace("prevent_destroy = true", ""))
        destroyed(terraform)
        assert terraform.resources() == {*BLOCKED, *UNBLOCKED}
        terraform.write(without_blockers(stack))
        applied = terraform.run("apply", "-auto-approve", "-parallelism=30")
        assert applied.returncode == 0, applied.stderr
        assert destroyed(terraform) == ""
        assert terraform.resources() == set()


def destroyed(terraform: Terraform) -> str:
    """Destroys the stack; what terraform writes to standard error."""
    return terraform.run("destroy", "-auto-approve", "-refresh=false", "-parallelism=30").stderr
