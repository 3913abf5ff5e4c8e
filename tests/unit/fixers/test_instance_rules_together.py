"""TAP005, TAP006 and TAP008 in any order, and all at once: the outcome is the same, byte for byte."""

from __future__ import annotations

from itertools import permutations

import pytest
from instance_rows import ARGUMENTS, EACH, REFERENCES, InstanceRow, stack
from mending import MAIN

from tapfix.contract import Contract
from tapfix.engine.guard import repair
from tapfix.engine.passes import Options
from tapfix.engine.registry import builtin_fixers

RULES = {f.rule: f for f in builtin_fixers() if f.rule in ("TAP005", "TAP006", "TAP008")}

_SCRIPT = "<<-EOF\n    #!/bin/bash\n    echo hello\n  EOF"

IMAGES_AND_SCRIPTS = (
    InstanceRow("encoded", f"user_data = base64encode({_SCRIPT}\n  )"),
    InstanceRow(
        "twice", "user_data = base64encode(base64encode(local.script))", 'locals {\n  script = file("init.sh")\n}\n'
    ),
    InstanceRow("local", "user_data = local.script", 'locals {\n  script = base64encode(file("init.sh"))\n}\n'),
    InstanceRow("file", 'user_data = filebase64("init.sh")'),
    InstanceRow("base64", "user_data_base64 = base64encode(local.script)", 'locals {\n  script = file("init.sh")\n}\n'),
    InstanceRow("misplaced", "user_data_base64 = local.script", 'locals {\n  script = file("init.sh")\n}\n'),
    InstanceRow(
        "cloudinit",
        "user_data = data.cloudinit_config.app.rendered",
        'data "cloudinit_config" "app" {\n  part {\n    content = "ls"\n  }\n}\n',
    ),
    InstanceRow(
        "counted_by_a_variable",
        "count = var.size",
        'variable "size" {\n  type    = number\n  default = 2\n}\n',
        sets=("count",),
    ),
    InstanceRow("literal_image", 'ami = "ami-0abcdef1234567890"', sets=("ami",)),
    InstanceRow(
        "variable_image",
        "ami = var.image",
        'variable "image" {\n  type    = string\n  default = "ami-0abcdef1234567890"\n}\n',
        sets=("ami",),
    ),
    InstanceRow(
        "local_image", "ami = local.image", "locals {\n  image = data.aws_ami.amazon_linux_2.id\n}\n", sets=("ami",)
    ),
)


def run(texts: dict[str, str], *rules: str) -> dict[str, str]:
    fixers = [RULES[r] for r in rules]
    return repair(texts, fixers, Contract.default(), options=Options(strict=True, guard=False)).texts


@pytest.mark.parametrize("environments", [(), ("dev", "staging", "prod")], ids=["alone", "with environments"])
@pytest.mark.parametrize(
    "row", [*IMAGES_AND_SCRIPTS, *ARGUMENTS[::9], *EACH[:1], *REFERENCES[::9]], ids=lambda row: row.name
)
def test_any_order(row: InstanceRow, environments: tuple[str, ...]) -> None:
    files = {MAIN: stack(row), **{f"{e}.tfvars": f'environment = "{e}"\n' for e in environments}}
    together = run(files, *RULES)
    for order in permutations(RULES):
        texts = files
        for rule in order:
            texts = run(texts, rule)
        assert texts == together, order
    assert run(together, *RULES) == together
