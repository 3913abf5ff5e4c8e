"""TAP005: the mapping as a matrix, and what does not fit into it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import combinations

import pytest
from instance_rows import (
    ARGUMENTS,
    COMMENTED,
    COUNTS,
    EACH,
    NAMES,
    REFERENCES,
    REFUSED_ARGUMENTS,
    SCRIPTS,
    SUBNETS,
    InstanceRow,
    stack,
)
from mending import MAIN, mended, refused

from fixers.instance_to_asg import mapping
from tapfix.contract import Contract
from tapfix.engine.registry import builtin_fixers
from tapfix.fixer import Context, Status
from tapfix.module import META_ARGUMENTS, Project
from tapfix.schema import BlockSchema, load
from tapfix.syntax.formatter import format_text
from tapfix.verify import check_project

RULE = "TAP005"
FIXER = next(f for f in builtin_fixers() if f.rule == RULE)


SIZES = ("asg_min_size", "servers", "asg_max_size")


def spaceless(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def ids(row: InstanceRow) -> str:
    return row.name


def problems(text: str) -> set[str]:
    return {p.message for p in check_project(Project({MAIN: text}))}


def one_pass(text: str) -> str:
    """What the rule's one fix makes of a text, not laid out: cheaper than a whole run."""
    project = Project({MAIN: text})
    (finding,) = FIXER.check(project.root, Context(Contract.default(), project))
    assert finding.fix is not None, finding
    return project.edited({MAIN: sorted(finding.fix.edits)}).texts[MAIN]


def assert_group(after: str) -> None:
    """The instances are gone, whole, and nothing is wrong with what is there."""
    assert "aws_instance" not in after.replace("data.aws_instance", "") and "_attachment" not in after
    assert after.count('resource "aws_launch_template"') == after.count('resource "aws_autoscaling_group"') == 1
    assert "# The application\nresource" in after
    assert not problems(after)


# The tables, held against the provider's schema ----------------------------------------------------------------------

TABLES = (
    mapping.ONE_MACHINE,
    mapping.OF_GROUP,
    mapping.INTO_BLOCKS,
    mapping.RENAMED,
    mapping.SAME_BLOCKS,
    mapping.DEVICE_BLOCKS,
    mapping.DROPPED,
    mapping.OWN_CODE,
)

VERSIONS = (5, 6)


def of_provider(*tables: Iterable[str]) -> list[tuple[int, str]]:
    """The names of tables that are the provider's and not Terraform's own, with each version that must know them."""
    names = [name for table in tables for name in sorted(table) if name not in META_ARGUMENTS]
    return [(v, name) for v in VERSIONS for name in names if mapping.ONLY_IN.get(name, v) == v]


def schema_of(type: str, version: int, *path: str) -> BlockSchema:
    resource = load(version).resource(type)
    block = resource.inner(path) if resource is not None else None
    assert block is not None, f"version {version} of the provider has no {'.'.join((type, *path))}"
    return block


def known(schema: BlockSchema, name: str) -> bool:
    attribute = schema.attributes.get(name)
    return attribute.settable if attribute is not None else name in schema.blocks


@pytest.mark.parametrize(("version", "name"), of_provider(*TABLES))
def test_the_provider_knows_what_an_instance_has(version: int, name: str) -> None:
    assert known(schema_of("aws_instance", version), name)


@pytest.mark.parametrize(("version", "name"), of_provider(mapping.RENAMED, mapping.INTO_BLOCKS, mapping.SAME_BLOCKS))
def test_the_provider_knows_what_a_template_has(version: int, name: str) -> None:
    *path, target = mapping.INTO_BLOCKS.get(name) or (mapping.RENAMED.get(name, name),)
    assert known(schema_of("aws_launch_template", version, *path), target)


@pytest.mark.parametrize(("version", "name"), of_provider(mapping.SAME_BLOCKS))
def test_a_block_that_is_taken_as_it_is_has_the_same_arguments(version: int, name: str) -> None:
    pairs = [(schema_of("aws_instance", version, name), schema_of("aws_launch_template", version, name))]
    for own, template in pairs:
        assert set(own) <= set(template)
        pairs += [(own.blocks[inner].block, template.blocks[inner].block) for inner in own.blocks]


@pytest.mark.parametrize(("version", "type"), of_provider(mapping.DEVICE_BLOCKS))
def test_the_provider_knows_what_a_device_mapping_has(version: int, type: str) -> None:
    for name, attribute in schema_of("aws_instance", version, type).attributes.items():
        if attribute.settable and name not in ("id", "tags", "tags_all"):
            inner = mapping.DEVICE_BLOCKS[type] if name not in mapping.OF_MAPPING else ""
            path = ["block_device_mappings", *([inner] if inner else [])]
            assert known(schema_of("aws_launch_template", version, *path), name), name


@pytest.mark.parametrize("version", VERSIONS)
def test_everything_that_an_instance_can_set_is_in_one_table(version: int) -> None:
    instance = schema_of("aws_instance", version)
    # `id` and `tags_all` are the provider's own, whatever the schema says.
    names = {name for name in instance if known(instance, name)} - {"id", "tags_all"}
    missing = {name for name in names if not any(name in table for table in TABLES)}
    assert not missing
    several = [name for table in TABLES for name in table if sum(name in other for other in TABLES) > 1]
    assert not several


@pytest.mark.parametrize("name", sorted(mapping.ONLY_IN))
def test_only_one_version_knows_it(name: str) -> None:
    assert [v for v in VERSIONS if known(schema_of("aws_instance", v), name)] == [mapping.ONLY_IN[name]]
    assert any(name in table for table in TABLES)


# The mapping ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", [*ARGUMENTS, *EACH, *REFERENCES], ids=ids)
def test_row(row: InstanceRow) -> None:
    before = stack(row)
    if row.refused:
        assert row.refused in " ".join(refused(RULE, before))
        return
    after = mended(RULE, before).main
    assert_group(after)
    for wanted in row.wants:
        assert wanted in spaceless(after)


@pytest.mark.parametrize("row", REFUSED_ARGUMENTS, ids=ids)
def test_refused_argument(row: InstanceRow) -> None:
    assert row.refused in " ".join(refused(RULE, stack(row)))


def blocks_of(row: InstanceRow) -> set[str]:
    """The blocks of the template that a row says something of, which another row's arguments may go into as well."""
    blocks = {block for name, (block, _) in mapping.INTO_BLOCKS.items() if re.search(rf"\b{name} ", row.lines)}
    return blocks | ({"tag_specifications"} if "tags = " in row.lines else set())


@pytest.mark.parametrize("one", ARGUMENTS, ids=ids)
def test_pairs(one: InstanceRow) -> None:
    """Each argument with each: both are carried over, and the schema accepts the outcome."""
    for a, b in combinations(ARGUMENTS, 2):
        if a is not one or set(a.sets) & set(b.sets):
            continue
        before = stack(a, b)
        after = one_pass(before)
        assert_group(after)
        if not blocks_of(a) & blocks_of(b) and "network_interfaces" not in blocks_of(a) | blocks_of(b):
            assert all(w in spaceless(after) for row in (a, b) for w in row.wants)


def test_the_stack_is_whole() -> None:
    assert not problems(stack())


def test_outcome_is_laid_out() -> None:
    for row in (*ARGUMENTS, *REFERENCES):
        before = format_text(stack(row))
        if not row.refused:
            after = mended(RULE, before).main
            assert format_text(after) == after


@pytest.mark.parametrize(("subnet", "zones"), SUBNETS)
def test_subnets(subnet: str, zones: str) -> None:
    after = mended(RULE, stack(InstanceRow("subnet", f"subnet_id = {subnet}", sets=("subnet_id",)))).main
    assert f"vpc_zone_identifier = {zones}" in spaceless(after)


def test_zones_without_subnets() -> None:
    row = InstanceRow("zone", "availability_zone = var.zones[count.index]", sets=("subnet_id",))
    assert "availability_zones = var.zones" in spaceless(mended(RULE, stack(row)).main)


@pytest.mark.parametrize(("count", "says", "defaults"), COUNTS, ids=[c for c, _, _ in COUNTS])
def test_sizes(count: str, says: tuple[str, ...], defaults: tuple[int | None, ...]) -> None:
    after = spaceless(mended(RULE, stack(InstanceRow("count", f"count = {count}", sets=("count",)))).main)
    for said in says:
        assert said in after
    for name, number in zip(("min_size", "max_size", "desired_capacity"), defaults, strict=True):
        found = re.search(rf'variable "asg_{name}" \{{[^}}]*default = (\w+)', after)
        assert (found[1] if found else "null") == ("null" if number is None else str(number))


def test_sizes_of_environments() -> None:
    """What stood there, and no fewer on the way to production; smallest, desired and largest in order."""
    text = stack(InstanceRow("count", 'count = var.environment == "prod" ? 4 : 2', sets=("count",)))
    files = {MAIN: text, **{f"{e}.tfvars": f'environment = "{e}"\n' for e in ("dev", "staging", "prod")}}
    texts = mended(RULE, files).texts
    sizes = {e: dict(re.findall(r"asg_(\w+)\s*= (\d+)", texts[f"{e}.tfvars"])) for e in ("dev", "staging", "prod")}
    assert [s["desired_capacity"] for s in sizes.values()] == ["2", "2", "4"]
    for size in sizes.values():
        assert int(size["min_size"]) <= int(size["desired_capacity"]) <= int(size["max_size"])
    assert "desired_capacity = var.asg_desired_capacity" in spaceless(texts[MAIN])


@pytest.mark.parametrize(
    ("set_in_prod", "sizes"),
    [
        ("", [("2", "2", "4"), ("2", "2", "4"), ("2", "2", "6")]),
        ("servers = 5\n", [("2", "2", "4"), ("2", "2", "4"), ("5", "5", "10")]),
        ("servers = 1\n", [("2", "2", "4"), ("2", "2", "4"), ("1", "1", "4")]),
    ],
)
def test_sizes_around_a_variable(set_in_prod: str, sizes: list[tuple[str, str, str]]) -> None:
    """All three are set in each environment; what an environment says stays, and production has room to grow."""
    text = stack(InstanceRow("count", "count = var.servers", sets=("count",))).replace("default = 3", "default = 2")
    files = {e: f'environment = "{e}"\n' for e in ("dev", "staging", "prod")}
    files["prod"] += set_in_prod
    texts = mended(RULE, {MAIN: text, **{f"{e}.tfvars": t for e, t in files.items()}}).texts
    found = [[re.search(rf"(?m)^{n}\s*= (\d+)", texts[f"{e}.tfvars"]) for n in SIZES] for e in files]
    assert [tuple(f[1] if f else None for f in row) for row in found] == sizes
    assert "desired_capacity = var.servers" in spaceless(texts[MAIN])


def test_sizes_that_all_environments_agree_on_grow_in_production() -> None:
    text = stack(InstanceRow("count", "count = length(var.zones)", sets=("count",)))
    texts = mended(RULE, {MAIN: text, **{f"{e}.tfvars": "" for e in ("dev", "staging", "prod")}}).texts
    assert "asg_max_size = 4" in spaceless(texts["dev.tfvars"]) and "asg_max_size = 6" in spaceless(
        texts["prod.tfvars"]
    )


def test_variable_that_was_declared_for_it() -> None:
    text = stack(InstanceRow("idle", beside='variable "asg_max" {\n  type    = number\n  default = 9\n}\n'))
    after = spaceless(mended(RULE, text).main)
    assert "max_size = var.asg_max " in after and 'variable "asg_max_size"' not in after


def test_two_groups_have_names_of_their_own() -> None:
    other = '\nresource "aws_instance" "worker" {\n  count = 3\n  ami = "ami-1"\n  instance_type = "t3.micro"\n  subnet_id = aws_subnet.private[count.index].id\n}\n'
    ids = 'output "a" {\n  value = aws_instance.app[*].id\n}\n\noutput "w" {\n  value = aws_instance.worker[*].id\n}\n'
    after = spaceless(mended(RULE, stack() + other + "\n" + ids).main)
    assert "min_size = var.app_min_size" in after and "min_size = var.worker_min_size" in after
    assert 'output "app_autoscaling_group_name"' in after and 'output "worker_autoscaling_group_name"' in after


@pytest.mark.parametrize(("line", "left"), SCRIPTS)
@pytest.mark.parametrize("call", ["{}", "base64encode({})"])
def test_scripts(line: str, left: str | None, call: str) -> None:
    script = call.format(
        f"<<-EOF\n    #!/bin/bash\n    {line}\n  EOF\n  ".rstrip(" ")
        if "(" in call
        else f"<<-EOF\n    #!/bin/bash\n    {line}\n  EOF"
    )
    text = stack(InstanceRow("script", f"user_data = {script}"))
    if left is None:
        assert refused(RULE, text)
    else:
        assert f"base64encode(<<-EOF\n    #!/bin/bash\n    {left}\n  EOF\n  )" in mended(RULE, text).main


@pytest.mark.parametrize(("name", "left"), NAMES)
def test_names(name: str, left: str | None) -> None:
    text = stack(InstanceRow("name", f"tags = {{\n    Name = {name}\n  }}", sets=("tags",)))
    if left is None:
        assert refused(RULE, text)
    else:
        after = mended(RULE, text).main
        assert f"Name = {left}\n" in after and "count.index" not in after.partition("# The application")[2]


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ('format("%s-app-%02d", var.environment, count.index + 1)', 'format("%s-app-", var.environment)'),
        ('format("%s app %d", var.environment, count.index)', '"app-"'),
    ],
)
def test_prefix_of_a_formatted_name(name: str, prefix: str) -> None:
    row = InstanceRow("name", f"tags = {{\n    Name = {name}\n  }}", sets=("tags",))
    assert spaceless(mended(RULE, stack(row)).main).count(f"name_prefix = {prefix} ") == 2


@pytest.mark.parametrize("label", ["bastion", "jump_host", "nat", "vpn_server", "mongodb", "kafka"])
def test_machines_that_stay(label: str) -> None:
    text = (
        stack()
        .replace("aws_instance.app", f"aws_instance.{label}")
        .replace('"aws_instance" "app"', f'"aws_instance" "{label}"')
    )
    (reason,) = refused(RULE, text)
    assert reason.startswith("it looks like")


def test_names_that_only_look_alike_do_not_stay() -> None:
    text = (
        stack()
        .replace("aws_instance.app", "aws_instance.national")
        .replace('"aws_instance" "app"', '"aws_instance" "national"')
    )
    assert "aws_autoscaling_group" in mended(RULE, text).main


def test_single_instance() -> None:
    single = InstanceRow(
        "single", "subnet_id = aws_subnet.private[0].id", sets=("count", "subnet_id", "tags", "attachment")
    )
    (reason,) = refused(RULE, stack(single))
    assert "behind no load balancer" in reason
    attached = single._replace(
        beside='resource "aws_lb_target_group_attachment" "app" {\n  target_group_arn = aws_lb_target_group.app.arn\n  target_id = aws_instance.app.id\n}\n'
    )
    after = spaceless(mended(RULE, stack(attached)).main)
    assert "vpc_zone_identifier = [aws_subnet.private[0].id]" in after and "default = 1" in after


def test_stands_down_without_the_contract() -> None:
    result = mended(RULE, stack(), "[compute]\nautoscaling = false\n")
    assert result.main == stack() and not result.findings


def test_joins_the_launch_template_that_is_there() -> None:
    text = """\
resource "aws_launch_template" "app" {
  image_id = "ami-1"
}

resource "aws_instance" "app" {
  count     = 2
  subnet_id = var.subnets[count.index]

  launch_template {
    id      = aws_launch_template.app.id
    version = "$Latest"
  }
}
"""
    after = spaceless(mended(RULE, text).main)
    assert after.count('aws_launch_template"') == 1
    assert "vpc_zone_identifier = var.subnets" in after
    assert (
        "launch_template { id = aws_launch_template.app.id version = aws_launch_template.app.latest_version }" in after
    )
    assert (
        "overrides its launch template"
        in refused(RULE, text.replace("count     = 2", 'count     = 2\n  instance_type = "t3.small"'))[0]
    )


def test_default_tags_reach_the_machines() -> None:
    text = 'provider "aws" {\n  default_tags {\n    tags = local.tags\n  }\n}\n\n' + stack()
    after = spaceless(mended(RULE, text).main)
    assert 'data "aws_default_tags" "current" {}' in after
    assert (
        'resource_type = "instance" tags = merge(data.aws_default_tags.current.tags, { Name = "app-${var.environment}" })'
        in after
    )


def test_local_module() -> None:
    """Sizes are handed down from the root, and outputs change their names all the way up."""
    files = {
        MAIN: 'module "app" {\n  source = "./modules/app"\n}\n\noutput "ids" {\n  value = module.app.ids\n}\n',
        "dev.tfvars": "",
        "modules/app/main.tf": stack(
            InstanceRow("ids", beside='output "ids" {\n  value = aws_instance.app[*].id\n}\n')
        ),
    }
    texts = mended(RULE, files).texts
    assert "asg_min_size = var.asg_min_size" in spaceless(texts[MAIN]) and 'variable "asg_min_size"' in texts[MAIN]
    assert 'variable "asg_min_size"' in texts["modules/app/main.tf"]
    assert "asg_min_size = 2" in spaceless(texts["dev.tfvars"])
    assert 'output "autoscaling_group_name" { value = module.app.autoscaling_group_name }' in spaceless(texts[MAIN])


def test_what_went_is_named() -> None:
    text = stack(InstanceRow("gone", "get_password_data = false\n  user_data_replace_on_change = true"))
    (finding,) = mended(RULE, text).of(Status.FIXED)
    assert (
        "`get_password_data` is removed" in finding.message
        and "`user_data_replace_on_change` is removed" in finding.message
    )


@pytest.mark.parametrize(
    "text",
    [
        'resource "aws_instance" "app" {\n',
        'resource "aws_instance" "app" {}\n',
        'resource "aws_instance" "app" { count = 2 }\n',
    ],
)
def test_an_unfinished_instance_stays_as_it_is(text: str) -> None:
    assert mended(RULE, text).main == text


@pytest.mark.parametrize("count", ["2", "var.servers"])
def test_environments_that_come_later_get_their_sizes(count: str) -> None:
    before = stack(InstanceRow("count", f"count = {count}", sets=("count",))).replace("default = 3", "default = 2")
    alone = mended(RULE, before).texts
    files = {**alone, **{f"{e}.tfvars": f'environment = "{e}"\n' for e in ("dev", "staging", "prod")}}
    texts = mended(RULE, files).texts
    at_once = mended(RULE, {MAIN: before, **{n: t for n, t in files.items() if n != MAIN}}).texts
    assert texts == at_once
    assert "asg_max_size = 6" in spaceless(texts["prod.tfvars"])


def test_sizes_that_somebody_else_declared_are_left_alone() -> None:
    text = 'variable "asg_min_size" {\n  type    = number\n  default = 2\n}\n\nvariable "asg_max_size" {\n  type    = number\n  default = 4\n}\n'
    files = {MAIN: text, "dev.tfvars": ""}
    assert mended(RULE, files).texts == files


@pytest.mark.parametrize("line", ['key_name = "a"\n  key_name = "b"', "key_name = ="])
def test_what_is_broken_is_not_lost(line: str) -> None:
    text = stack(InstanceRow("broken", line))
    result = mended(RULE, text)
    assert 'resource "aws_autoscaling_group"' not in result.main


TWIN = """\
# Server {n}
resource "aws_instance" "web_{n}" {{
  ami                    = data.aws_ami.amazon_linux_2.id
  instance_type          = "{type}"
  subnet_id              = aws_subnet.private[{i}].id
  vpc_security_group_ids = [aws_security_group.app.id]

  user_data = <<-EOF
    #!/bin/bash
    echo "<h1>Web Server {n}</h1>" > /var/www/html/index.html
    {line}
  EOF

  tags = {{
    Name = "web-{n}"
  }}
}}

resource "aws_lb_target_group_attachment" "web_{n}" {{
  target_group_arn = aws_lb_target_group.app.arn
  target_id        = aws_instance.web_{n}.id
  port             = 80
}}

output "web_{n}" {{
  value = aws_instance.web_{n}.id
}}
"""


def twins(*, type: str = "t3.micro", line: str = "yum update -y") -> str:
    usual = stack().partition("# The application")[0]
    return usual + "\n".join(
        TWIN.format(n=n, i=n - 1, type=type if n == 2 else "t3.micro", line=line.format(n=n)) for n in (1, 2)
    )


def test_written_out_one_by_one() -> None:
    after = spaceless(mended(RULE, twins()).main)
    assert after.count('resource "aws_launch_template"') == after.count('resource "aws_autoscaling_group"') == 1
    assert "aws_instance" not in after and "attachment" not in after
    assert "vpc_zone_identifier = [aws_subnet.private[0].id, aws_subnet.private[1].id]" in after
    assert "<h1>Web Server</h1>" in after and 'Name = "web"' in after and 'aws_launch_template" "web"' in after
    assert "min_size = var.asg_min_size" in after and after.count("output ") == 1


def test_written_out_behind_no_load_balancer() -> None:
    """A number for a name is enough; what reads the two one by one follows."""
    alone = re.sub(r'resource "aws_lb_target_group_attachment" "web_\d" \{.*?\n\}\n', "", twins(), flags=re.DOTALL)
    alarm = """
resource "aws_cloudwatch_metric_alarm" "cpu" {
  count               = 2
  alarm_name          = "cpu-${count.index + 1}"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 2
  metric_name         = "CPUUtilization"
  namespace           = "AWS/EC2"
  period              = 60
  statistic           = "Average"
  threshold           = 80

  dimensions = {
    InstanceId = count.index == 0 ? aws_instance.web_1.id : aws_instance.web_2.id
  }
}
"""
    after = spaceless(mended(RULE, alone + alarm).main)
    assert after.count('resource "aws_autoscaling_group"') == 1 and "aws_instance" not in after
    assert "dimensions = { AutoScalingGroupName = aws_autoscaling_group.web.name }" in after
    assert "behind no load balancer" in refused(RULE, alone.replace("_1", "_primary").replace("_2", "_secondary"))[0]
    reasons = refused(RULE, alone.replace('"t3.micro"', '"t3.large"', 1))
    assert len(reasons) == 1 and "differ in `instance_type`" in reasons[0]


def test_comments_of_those_that_were_written_out() -> None:
    text = twins().replace(
        'type          = "t3.micro"\n  subnet_id              = aws_subnet.private[1]',
        'type          = "t3.micro" # small\n  subnet_id              = aws_subnet.private[1]',
    )
    after = mended(RULE, text).main
    assert "# Server\n# small\nresource" in after and "# Server 2" not in after


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (twins(type="t3.large"), "differ in `instance_type`"),
        (twins(line="export ID={n}"), "gives each copy a number of its own"),
        (twins() + 'resource "aws_eip" "a" {\n  instance = aws_instance.web_2.id\n}\n', "an Elastic IP address"),
    ],
)
def test_written_out_and_different(text: str, reason: str) -> None:
    reasons = refused(RULE, text)
    assert any(reason in r for r in reasons)


def test_other_line_endings() -> None:
    for row in (*ARGUMENTS[18:24], *REFERENCES[:6]):
        plain = mended(RULE, stack(row)).main
        assert mended(RULE, stack(row).replace("\n", "\r\n")).main == plain.replace("\n", "\r\n")


def test_every_comment_survives() -> None:
    """Where what a comment speaks of goes, the comment stays near."""
    said = re.findall(r"(?:#|//) (\w[\w' ]*)|/\* (.*?) \*/", COMMENTED)
    after = mended(RULE, stack().partition("# The application")[0] + COMMENTED).main.partition("# above it\n")[2]
    assert 'resource "aws_autoscaling_group" "app"' in after
    for line, inside in said[1:]:
        assert len(re.findall(rf"{line or inside}(?= *$| \*/)", after, re.MULTILINE)) == 1, line or inside


@pytest.mark.parametrize(
    "block",
    ["root_block_device", "lifecycle", "timeouts", "metadata_options", "the subnet", "the image", "count", "the tags"],
)
def test_comments_stay_near(block: str) -> None:
    """No comment is further than a few lines from what took the place of what it speaks of."""
    near = {
        "root_block_device": ("opens the root volume", "block_device_mappings"),
        "lifecycle": ("in ignored", "create_before_destroy"),
        "timeouts": ("behind create", "tag_specifications"),
        "metadata_options": ("opens metadata", "http_tokens"),
        "the subnet": ("in the subnet", "vpc_zone_identifier"),
        "the image": ("behind the image", "image_id"),
        "count": ("behind count", "desired_capacity"),
        "the tags": ("behind the zone tag", 'Name = "app"'),
    }
    comment, place = near[block]
    after = mended(RULE, stack().partition("# The application")[0] + COMMENTED).main
    lines = after.partition("# above it\n")[2].splitlines()
    at = next(i for i, line in enumerate(lines) if comment in line)
    assert any(place in line for line in lines[at : at + 7])


def test_two_modules_have_sizes_of_their_own() -> None:
    calls = "".join(f'module "{n}" {{\n  source = "./{n}"\n}}\n\n' for n in ("web", "worker"))
    files = {
        MAIN: calls,
        "web/main.tf": stack(),
        "worker/main.tf": stack(InstanceRow("n", "count = 5", sets=("count",))),
    }
    texts = mended(RULE, files).texts
    assert "web_min_size = var.web_min_size" in spaceless(texts[MAIN])
    assert "desired_capacity = var.worker_desired_capacity" in spaceless(texts["worker/main.tf"])


# Values that tfvars files and callers set -----------------------------------------------------------------------------

ENVIRONMENTS = ("dev", "staging", "prod")


def with_variable(row: InstanceRow, default: str, in_prod: str) -> dict[str, str]:
    """A stack with a row that uses `var.v`, which has a default that prod.tfvars overrides."""
    variable = f'\nvariable "v" {{\n  default = {default}\n}}\n'
    files = {f"{e}.tfvars": f'environment = "{e}"\n' for e in ENVIRONMENTS}
    files["prod.tfvars"] += f"v = {in_prod}\n"
    return {MAIN: stack(row) + variable, **files}


def called_with(row: InstanceRow, default: str, passed: str) -> dict[str, str]:
    """A local module with a row that uses `var.v`, which has a default that the caller overrides."""
    variable = f'\nvariable "v" {{\n  default = {default}\n}}\n'
    return {
        MAIN: f'module "app" {{\n  source = "./app"\n  v      = {passed}\n}}\n',
        "app/main.tf": stack(row) + variable,
    }


BY_ADDRESS = InstanceRow(
    "by_address",
    beside="""
resource "aws_lb_target_group" "own" {
  port        = 80
  protocol    = "HTTP"
  vpc_id      = aws_vpc.main.id
  target_type = var.v
}

resource "aws_lb_target_group_attachment" "own" {
  count            = length(aws_instance.app)
  target_group_arn = aws_lb_target_group.own.arn
  target_id        = aws_instance.app[count.index].id
}
""",
    sets=("attachment",),
)

OF_SOME = InstanceRow(
    "of_some",
    "count = var.v",
    "".join(
        f'resource "aws_lb_target_group_attachment" "n{i}" {{\n  target_group_arn = aws_lb_target_group.app.arn\n'
        f"  target_id        = aws_instance.app[{i}].id\n}}\n\n"
        for i in (0, 1)
    ),
    sets=("count", "attachment"),
)


@pytest.mark.parametrize("files", [with_variable, called_with])
@pytest.mark.parametrize(
    ("row", "default", "value", "reason"),
    [
        (InstanceRow("nat", "source_dest_check = var.v"), "true", "false", "forwards traffic"),
        (BY_ADDRESS, '"instance"', '"ip"', "takes targets by address"),
        (OF_SOME, "2", "3", "only some of the copies are attached"),
    ],
    ids=lambda value: value.name if isinstance(value, InstanceRow) else None,
)
def test_a_reason_to_stay_that_only_one_environment_has(
    files: Callable[[InstanceRow, str, str], dict[str, str]], row: InstanceRow, default: str, value: str, reason: str
) -> None:
    """A value that a tfvars file or a caller sets counts as much as a default."""
    assert 'resource "aws_autoscaling_group"' in "".join(mended(RULE, files(row, default, default)).texts.values())
    assert reason in " ".join(refused(RULE, files(row, default, value)))


def test_a_profile_whose_arn_the_environments_set() -> None:
    row = InstanceRow("profile", "iam_instance_profile = var.v")
    arn = '"arn:aws:iam::123456789012:instance-profile/app"'
    everywhere = with_variable(row, '"app"', arn)
    for environment in ENVIRONMENTS:
        everywhere[f"{environment}.tfvars"] = f"v = {arn}\n"
    assert "iam_instance_profile { arn = var.v }" in spaceless(mended(RULE, everywhere).main)
    called = mended(RULE, called_with(row, '"app"', arn)).texts["app/main.tf"]
    assert "iam_instance_profile { arn = var.v }" in spaceless(called)


@pytest.mark.parametrize("way", ["caller", "terraform.tfvars"])
def test_sizes_around_a_variable_that_is_set_without_environments(way: str) -> None:
    """The largest size is no smaller than what the callers, or Terraform's own tfvars file, set."""
    row = InstanceRow("count", "count = var.v", sets=("count",))
    if way == "caller":
        after = mended(RULE, called_with(row, "1", "5")).texts["app/main.tf"]
    else:
        variable = '\nvariable "v" {\n  default = 1\n}\n'
        after = mended(RULE, {MAIN: stack(row) + variable, "terraform.tfvars": "v = 5\n"}).main
    sizes = dict(re.findall(r'variable "asg_(\w+)" {[^}]*default += (\d+)', after))
    assert sizes == {"min_size": "5", "max_size": "10"}


def test_a_port_that_the_environments_set() -> None:
    """The attachment's port is the target group's in each environment, or the target group gets it."""
    beside = REFERENCES[[row.name for row in REFERENCES].index("attached_by_map")].beside.replace("8080", "var.v")
    row = InstanceRow("port", beside=beside, sets=("attachment",))
    assert "port = 80 " in spaceless(mended(RULE, with_variable(row, "80", "80")).main)
    assert "port = var.v " in spaceless(mended(RULE, with_variable(row, "80", "8080")).main)


def test_how_many_machines_there_are_in_each_environment() -> None:
    row = InstanceRow("count", "count = var.v", sets=("count",))
    messages = [
        mended(RULE, with_variable(row, "2", prod)).of(Status.FIXED)[0].message.partition(";")[0] for prod in "24"
    ]
    assert messages == ["aws_instance.app is 2 fixed machines", "aws_instance.app is a fixed number of machines"]


def test_the_root_device_of_an_image_that_the_environments_name() -> None:
    image = """
data "aws_ami" "own" {
  most_recent = true

  filter {
    name   = "name"
    values = [var.v]
  }
}
"""
    row = InstanceRow(
        "image", "ami = data.aws_ami.own.id\n  root_block_device {\n    encrypted = true\n  }", image, sets=("ami",)
    )
    amazon, ubuntu = '"amzn2-ami-hvm-*-x86_64-gp2"', '"ubuntu/images/*"'
    assert 'device_name = "/dev/xvda"' in mended(RULE, with_variable(row, amazon, amazon)).main
    assert "device_name = data.aws_ami.own.root_device_name" in mended(RULE, with_variable(row, amazon, ubuntu)).main
    called = mended(RULE, called_with(row, amazon, ubuntu)).texts["app/main.tf"]
    assert 'device_name = "/dev/sda1"' in called


def test_what_only_newer_providers_know() -> None:
    lines = 'region = "us-east-1"\n  placement_group_id = "pg-1"\n  force_destroy = true'
    after = spaceless(mended(RULE, stack(InstanceRow("newer", lines))).main)
    assert 'placement { group_id = "pg-1" }' in after and "force_destroy" not in after
    assert after.count('region = "us-east-1"') == 2
    block = 'primary_network_interface {\n    network_interface_id = "eni-1"\n  }'
    assert "a network interface of its own" in refused(RULE, stack(InstanceRow("interface", block)))[0]
