"""The two answers that the project was made for, repaired, on the whole ladder.

Every environment is applied, has an empty second plan, and is destroyed. The answers are beside the checkout and not in
it: without them these tests are skipped.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

import tapfix
from tapfix.verify import Step, ladder

ANSWERS = Path(__file__).parents[3] / "shared" / "corpus" / "seed"
ENVIRONMENTS = ("dev", "staging", "prod")

if not ANSWERS.is_dir():
    pytest.skip("the two answers are not beside the checkout", allow_module_level=True)

pytestmark = pytest.mark.terraform

PLANNED = {
    # One region of the original, planned without its unfinished policy, has two instances and their two attachments to
    # the target group. They become a launch template and an Auto Scaling group. All other numbers stay.
    "multi_region.md": {
        "aws_autoscaling_group": 1,
        "aws_cloudwatch_log_group": 1,
        "aws_db_instance": 1,
        "aws_db_subnet_group": 1,
        "aws_eip": 1,
        "aws_flow_log": 1,
        "aws_iam_instance_profile": 1,
        "aws_iam_role": 3,
        "aws_iam_role_policy": 3,
        "aws_internet_gateway": 1,
        "aws_kms_alias": 1,
        "aws_kms_key": 1,
        "aws_launch_template": 1,
        "aws_lb": 1,
        "aws_lb_listener": 1,
        "aws_lb_target_group": 1,
        "aws_nat_gateway": 1,
        "aws_route_table": 2,
        "aws_route_table_association": 4,
        "aws_s3_bucket": 1,
        "aws_s3_bucket_lifecycle_configuration": 1,
        "aws_s3_bucket_public_access_block": 1,
        "aws_s3_bucket_server_side_encryption_configuration": 1,
        "aws_s3_bucket_versioning": 1,
        "aws_security_group": 3,
        "aws_subnet": 4,
        "aws_vpc": 1,
    },
    "launch_template.md": {
        "aws_autoscaling_group": 1,
        "aws_db_instance": 1,
        "aws_db_subnet_group": 1,
        "aws_eip": 2,
        "aws_internet_gateway": 1,
        "aws_launch_template": 1,
        "aws_lb": 1,
        "aws_lb_listener": 1,
        "aws_lb_target_group": 1,
        "aws_nat_gateway": 2,
        "aws_route_table": 3,
        "aws_route_table_association": 4,
        "aws_security_group": 3,
        "aws_subnet": 4,
        "aws_vpc": 1,
    },
}

SETTLES_LATER: dict[str, frozenset[str]] = {"multi_region.md": frozenset(), "launch_template.md": frozenset()}
"""What a second plan would change on the emulator and not on AWS: nothing."""


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("answer", PLANNED)
def test_the_ladder_holds(answer: str, environment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_VAR_db_password", "correct-horse-9")
    result = tapfix.fix((ANSWERS / answer).read_text("utf-8"))
    steps = {s.step: s for s in ladder(result.files, upto="destroy", environments=[environment])}
    if steps["init"].status == "skipped" or shutil.which("terraform") is None:
        pytest.skip(f"terraform cannot be used: {steps['init'].detail}")
    wants = {p.address for p in steps["replan"].problems} - SETTLES_LATER[answer]
    assert [(s.step, s.detail) for s in steps.values() if s.status != "passed" and s.step != "replan"] == []
    assert wants == set()
    assert _planned(steps["plan"]) == Counter(PLANNED[answer])


def _planned(step: Step) -> Counter[str]:
    """The number of resources of each type that the plan creates."""
    count: Counter[str] = Counter()
    for line in step.output.splitlines():
        event = json.loads(line) if line.startswith("{") else {}
        if event.get("type") == "planned_change" and event["change"]["action"] == "create":
            count[event["change"]["resource"]["resource_type"]] += 1
    return count
