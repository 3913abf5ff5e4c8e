"""TAP006: base64 where the provider wants it, for each way in which user data is written."""

from __future__ import annotations

import pytest
from mending import MAIN, mended, refused

from tapfix.fixer import Status

RULE = "TAP006"

SCRIPT = "<<-EOF\n    #!/bin/bash\n    echo ${var.name}\n  EOF"
CLOSED = f"{SCRIPT}\n  "

SOURCES = """\
variable "name" {
  type    = string
  default = "shop"
}

variable "script" {
  type    = string
  default = "#!/bin/bash\\nls"
}

variable "script_base64" {
  type = string
}

variable "nobody_knows" {
  type = string
}

variable "nothing" {
  type    = string
  default = ""
}

locals {
  plain   = templatefile("${path.module}/init.sh", { name = var.name })
  encoded = base64encode(local.plain)
  again   = local.encoded
  round   = local.round_too
  round_too = local.round
  listed  = ["#!/bin/bash\\nls", local.plain]
  scripts = { web = "#!/bin/bash\\nls", app = file("init.sh") }
  servers = { web = { script = local.plain } }
  codes   = { web = local.encoded, app = filebase64("init.sh") }
  mixed   = { web = local.encoded, app = local.plain }
}

variable "scripts" {
  type    = map(string)
  default = { web = "#!/bin/bash\\nls" }
}

data "cloudinit_config" "on" {
  part {
    content = local.plain
  }
}

data "cloudinit_config" "off" {
  base64_encode = false
  gzip          = false

  part {
    content = local.plain
  }
}

data "template_file" "old" {
  template = "ls"
}
"""

PLAIN = (
    "{script}",
    'file("init.sh")',
    'templatefile("init.sh", {})',
    "local.plain",
    "var.script",
    'replace(local.plain, "a", "b")',
    'join("\\n", ["#!/bin/bash", "ls"])',
    'format("#!/bin/bash\\necho %s", var.name)',
    "data.cloudinit_config.off.rendered",
    "data.template_file.old.rendered",
    "jsonencode({ a = 1 })",
    'var.name == "" ? null : local.plain',
    "try(local.plain, null)",
    "base64decode(local.encoded)",
    "local.scripts.web",
    'local.scripts["app"]',
    "local.scripts[var.name]",
    "local.servers.web.script",
    'var.scripts["web"]',
    "local.listed[0]",
)

ENCODED = (
    "local.encoded",
    "local.again",
    'filebase64("init.sh")',
    "base64gzip(local.plain)",
    "data.cloudinit_config.on.rendered",
    "var.script_base64",
    'var.name == "" ? local.encoded : filebase64("x.sh")',
    "coalesce(local.encoded, local.again)",
    '"IyEvYmluL2Jhc2gKbHMK"',
    "local.codes.web",
    "local.codes[var.name]",
)

UNKNOWN = (
    "var.nobody_knows",
    "local.round",
    "module.other.script",
    "data.aws_ssm_parameter.script.value",
    'replace(local.encoded, "a", "b")',
    "local.scripts.nobody",
    "local.mixed[var.name]",
)


def text(type: str, argument: str, value: str) -> str:
    return f'{SOURCES}\nresource "{type}" "app" {{\n  {argument} = {value.format(script=SCRIPT) if "{script}" in value else value}\n}}\n'


def wrapped(value: str) -> str:
    return f"base64encode({CLOSED})" if value == "{script}" else f"base64encode({value})"


def unchanged(before: str) -> None:
    result = mended(RULE, before)
    assert result.main == before and not result.findings


def becomes(before: str, after: str) -> None:
    result = mended(RULE, before)
    assert result.main == after
    (finding,) = result.findings
    assert finding.status is Status.FIXED and finding.address.endswith(".app")


@pytest.mark.parametrize("value", PLAIN)
class TestPlain:
    def test_template_encodes_it(self, value: str) -> None:
        becomes(
            text("aws_launch_template", "user_data", value), text("aws_launch_template", "user_data", wrapped(value))
        )

    def test_template_that_encodes_it_already(self, value: str) -> None:
        unchanged(text("aws_launch_template", "user_data", wrapped(value)))

    def test_template_that_encodes_it_twice(self, value: str) -> None:
        twice = f"base64encode({wrapped(value)})"
        becomes(
            text("aws_launch_template", "user_data", twice), text("aws_launch_template", "user_data", wrapped(value))
        )

    @pytest.mark.parametrize("type", ["aws_instance", "aws_spot_instance_request", "aws_launch_configuration"])
    def test_instance(self, value: str, type: str) -> None:
        unchanged(text(type, "user_data", value))
        becomes(text(type, "user_data", wrapped(value)), text(type, "user_data", value))
        becomes(text(type, "user_data_base64", value), text(type, "user_data", value))
        unchanged(text(type, "user_data_base64", wrapped(value)))


@pytest.mark.parametrize("value", ENCODED)
class TestEncoded:
    def test_template(self, value: str) -> None:
        unchanged(text("aws_launch_template", "user_data", value))
        becomes(
            text("aws_launch_template", "user_data", wrapped(value)), text("aws_launch_template", "user_data", value)
        )

    def test_instance(self, value: str) -> None:
        becomes(text("aws_instance", "user_data", value), text("aws_instance", "user_data_base64", value))
        becomes(text("aws_instance", "user_data", wrapped(value)), text("aws_instance", "user_data_base64", value))
        becomes(
            text("aws_instance", "user_data_base64", wrapped(value)), text("aws_instance", "user_data_base64", value)
        )
        unchanged(text("aws_instance", "user_data_base64", value))


@pytest.mark.parametrize("value", UNKNOWN)
def test_unknown(value: str) -> None:
    (reason,) = refused(RULE, text("aws_launch_template", "user_data", value))
    assert "follow it to its source" in reason
    unchanged(text("aws_launch_template", "user_data", f"base64encode({value})"))
    unchanged(text("aws_instance", "user_data", value))


def test_nothing() -> None:
    for value in ("null", '""', "var.nothing"):
        unchanged(text("aws_launch_template", "user_data", value))


def test_a_heredoc_keeps_its_bytes() -> None:
    script = '<<EOF\n#!/bin/bash\n\techo "$${HOME}"   \n\n  EOF_NOT\nEOF'
    before = text("aws_instance", "user_data", f"base64encode({script}\n  )")
    assert script in mended(RULE, before).main


def test_a_comment_behind_the_call_stays() -> None:
    before = text("aws_instance", "user_data", f"base64encode({CLOSED}) # sets it up")
    after = mended(RULE, before).main
    assert f"  # sets it up\n  user_data = {SCRIPT}\n}}" in after


def test_a_comment_between_the_calls_is_not_lost() -> None:
    after = mended(RULE, text("aws_instance", "user_data", "base64encode( # why\n    local.plain)")).main
    assert "  # why\n  user_data = local.plain\n" in after


def test_both_arguments() -> None:
    before = text("aws_instance", "user_data", "local.encoded\n  user_data_base64 = local.encoded")
    assert "one of them has to go" in refused(RULE, before)[0]


def test_spot_fleet_and_lightsail() -> None:
    fleet = f'{SOURCES}\nresource "aws_spot_fleet_request" "app" {{\n  launch_specification {{\n    user_data = %s\n  }}\n}}\n'
    becomes(fleet % "base64encode(local.plain)", fleet % "local.plain")
    becomes(
        text("aws_lightsail_instance", "user_data", "base64encode(local.plain)"),
        text("aws_lightsail_instance", "user_data", "local.plain"),
    )
    assert refused(RULE, text("aws_lightsail_instance", "user_data", "local.encoded"))
    recipe = "aws_imagebuilder_image_recipe"
    becomes(
        text(recipe, "user_data_base64", "local.plain"), text(recipe, "user_data_base64", "base64encode(local.plain)")
    )


@pytest.mark.parametrize(
    ("value", "plain", "encoded"),
    [
        (
            'var.name == "" ? base64encode(local.plain) : local.plain',
            'var.name == "" ? local.plain : local.plain',
            'var.name == "" ? base64encode(local.plain) : base64encode(local.plain)',
        ),
        (
            "try(base64encode(base64encode(local.plain)), null, local.plain)",
            "try(local.plain, null, local.plain)",
            "try(base64encode(local.plain), null, base64encode(local.plain))",
        ),
        (
            'var.name == "" ? local.plain : local.encoded',
            None,
            'var.name == "" ? base64encode(local.plain) : local.encoded',
        ),
        (
            'var.name == "" ? base64encode(local.plain) : base64encode(var.script)',
            'var.name == "" ? local.plain : var.script',
            None,
        ),
    ],
)
def test_choices(value: str, plain: str | None, encoded: str | None) -> None:
    """Each side of a choice is brought to the place's encoding."""
    for type, after in (("aws_instance", plain), ("aws_launch_template", encoded)):
        before = text(type, "user_data", value)
        if after is None:  # the provider encodes what an instance gets, unless it is base64 already
            unchanged(before)
        else:
            becomes(before, text(type, "user_data", after))


@pytest.mark.parametrize(
    ("each", "value", "known"),
    [
        ("{ a = local.plain }", "each.value", True),
        ("local.scripts", "each.value", True),
        ("local.servers", "each.value.script", True),
        ("local.mixed", "each.value", False),
        ("var.scripts_of_others", "each.value", False),
    ],
)
def test_copies(each: str, value: str, known: bool) -> None:
    before = text("aws_launch_template", "user_data", f"{value}\n  for_each = {each}")
    if known:
        assert f"= base64encode({value})" in mended(RULE, before).main
    else:
        assert "follow it to its source" in refused(RULE, before)[0]


def test_values_of_tfvars_and_callers() -> None:
    template = 'variable "script" {\n  type = string\n}\n\nresource "aws_launch_template" "app" {\n  user_data = var.script\n}\n'
    known = {
        MAIN: template,
        "dev.tfvars": 'script = "#!/bin/sh"\n',
        "staging.tfvars": 'script = "#!/bin/sh"\n',
        "prod.tfvars": 'script = "#!/bin/sh"\n',
    }
    assert "user_data = base64encode(var.script)" in mended(RULE, known).main
    torn = {**known, "prod.tfvars": 'script = "IyEvYmluL2Jhc2gKbHMK"\n'}
    assert refused(RULE, torn)
    called = {MAIN: 'module "app" {\n  source = "./app"\n  script = file("init.sh")\n}\n', "app/main.tf": template}
    assert "user_data = base64encode(var.script)" in mended(RULE, called).texts["app/main.tf"]
    called[MAIN] = called[MAIN].replace('file("init.sh")', "base64encode(var.script)")
    assert mended(RULE, called).texts == called
    called[MAIN] = called[MAIN].replace("base64encode(var.script)", "data.http.script.response_body")
    assert refused(RULE, called)


def test_output_of_a_local_module() -> None:
    files = {
        MAIN: 'module "script" {\n  source = "./script"\n}\n\nresource "aws_launch_template" "app" {\n  user_data = module.script.text\n}\n',
        "script/main.tf": 'output "text" {\n  value = base64encode("#!/bin/sh")\n}\n',
    }
    assert mended(RULE, files).texts == files
    files["script/main.tf"] = 'output "text" {\n  value = file("init.sh")\n}\n'
    assert "user_data = base64encode(module.script.text)" in mended(RULE, files).main


OF_VALUES = """\
variable "head" {
  default = "#!/bin/bash\\n"
}

variable "encode" {
  default = false
}

data "cloudinit_config" "app" {
  base64_encode = var.encode
  gzip          = false

  part {
    content = "ls"
  }
}

resource "aws_launch_template" "app" {
  user_data = VALUE
}
"""


@pytest.mark.parametrize(
    ("value", "argument"),
    [
        ('"${var.head}bHMK"', 'head = "IyEvYmluL2Jhc2gK"'),
        ('trim("${var.head}bHMK", " ")', 'head = "IyEvYmluL2Jhc2gK"'),
        ("data.cloudinit_config.app.rendered", "encode = true"),
    ],
)
def test_what_tfvars_and_callers_make_base64(value: str, argument: str) -> None:
    """By its default it is plain text, and is encoded; in the environments, or by the caller, it is base64 already."""
    text = OF_VALUES.replace("VALUE", value)
    assert f"user_data = base64encode({value})" in mended(RULE, text).main
    files = {MAIN: text, **{f"{e}.tfvars": f"{argument}\n" for e in ("dev", "staging", "prod")}}
    assert mended(RULE, files).texts == files
    called = {MAIN: f'module "app" {{\n  source = "./app"\n  {argument}\n}}\n', "app/main.tf": text}
    assert mended(RULE, called).texts == called
    files["prod.tfvars"] = ""
    assert "follow it to its source" in refused(RULE, files)[0]
