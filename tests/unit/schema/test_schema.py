"""The schema's data agrees with the real provider, and reading it is fast."""

from __future__ import annotations

import pickle
import time

import pytest

from tapfix.schema import DATA_FILE, Schema, load
from tapfix.schema._probe import ProviderMessage, collect, read, without_conflicts
from tapfix.schema._store import Store, encode, pack
from tapfix.schema.constraints import constraints
from tapfix.schema.functions import function, functions


@pytest.fixture(params=[5, 6])
def schema(request: pytest.FixtureRequest) -> Schema:
    return load(request.param)


def test_attributes(schema: Schema) -> None:
    database = schema.resource("aws_db_instance")
    assert database is not None
    assert database.attributes["instance_class"].required
    assert database.attributes["allocated_storage"].type == "number"
    assert database.attributes["password"].sensitive
    assert database.attributes["vpc_security_group_ids"].type == ["set", "string"]
    assert database.attributes["arn"].computed and not database.attributes["arn"].settable
    assert "instance_type" not in database


def test_nested_blocks(schema: Schema) -> None:
    template = schema.resource("aws_launch_template")
    assert template is not None
    devices = template.blocks["block_device_mappings"]
    assert devices.max_items is None
    assert devices.block.blocks["ebs"].max_items == 1
    assert devices.block.blocks["ebs"].block.attributes["volume_size"].type == "number"
    assert schema.resource("aws_lb_listener").blocks["default_action"].min_items == 1  # type: ignore[union-attr]


def test_blocks_that_are_attributes(schema: Schema) -> None:
    group = schema.resource("aws_security_group")
    assert group is not None
    assert group.attributes["ingress"].as_blocks
    assert "ingress" not in group.blocks


@pytest.mark.parametrize(
    ("name", "taggable"),
    [("aws_vpc", True), ("aws_lb", True), ("aws_autoscaling_group", False), ("aws_iam_role_policy", False)],
)
def test_taggable(schema: Schema, name: str, taggable: bool) -> None:
    found = schema.resource(name)
    assert found is not None
    assert found.taggable is taggable


def test_recursive_types_end(schema: Schema) -> None:
    rule = schema.resource("aws_wafv2_web_acl").blocks["rule"].block  # type: ignore[union-attr]
    assert "managed_rule_group_statement" in rule.blocks["statement"].block


def test_versions_differ() -> None:
    five, six = load(5).resource("aws_instance"), load(6).resource("aws_instance")
    assert five is not None and six is not None
    assert "region" not in five
    assert "region" in six
    assert load(4) is not None and load(4).major == 5
    assert load(7).major == 6


def test_utility_providers(schema: Schema) -> None:
    assert schema.resource("random_password").attributes["length"].required  # type: ignore[union-attr]
    assert schema.data_source("archive_file").blocks["source"].block.attributes["content"].required  # type: ignore[union-attr]
    assert schema.data_source("http") is not None
    assert schema.resource("null_resource") is not None
    assert schema.resource("terraform_data") is not None
    assert schema.data_source("template_file") is not None


def test_unknown_types_are_unknown(schema: Schema) -> None:
    assert schema.resource("aws_no_such_thing") is None
    assert schema.resource("google_compute_instance") is None
    assert schema.data_source("") is None


def test_provider_configuration(schema: Schema) -> None:
    provider = schema.provider("aws")
    assert provider is not None
    assert "default_tags" in provider.blocks
    assert "s3" in provider.blocks["endpoints"].block.attributes


def test_names_and_sources(schema: Schema) -> None:
    assert len(schema.resource_types()) > 1_500
    assert len(schema.data_source_types()) > 600
    assert all(source["version"] and source["source"] for source in schema.sources)


def test_pickles(schema: Schema) -> None:
    assert pickle.loads(pickle.dumps(schema)) is schema


def test_small_and_quick() -> None:
    assert DATA_FILE.stat().st_size < 2_000_000
    start = time.process_time()
    store = Store(DATA_FILE.read_bytes())
    opened = time.process_time()
    assert store.record("aws@5", "resource", "aws_instance")
    read = time.process_time()
    # Processor time, with a wide margin: the test shall find a wrong design, not a busy machine.
    assert opened - start < 0.06
    assert read - opened < 0.02


def test_pack_and_encode_round_trip() -> None:
    leaf = {"attributes": {"a": {"type": "string", "required": True}}}
    block = {
        "attributes": {"x": {"type": ["list", "string"], "optional": True, "computed": True}},
        "block_types": {
            "one": {"nesting_mode": "list", "max_items": 1, "block": leaf},
            "two": {"nesting_mode": "set", "min_items": 2, "block": leaf},
        },
    }
    packed = pack({"aws@5": {"resource": {"aws_thing": encode(block)}}}, [{"catalog": "aws@5"}])
    store = Store(packed)
    assert list(store.catalogs) == ["aws@5"] and list(store.names("aws@5", "resource")) == ["aws_thing"]
    assert store.record("aws@5", "resource", "aws_other") is store.record("aws@6", "data", "aws_thing") is None
    rows = store.record("aws@5", "resource", "aws_thing")
    assert rows == [
        [[[["list", "string"], 6, "x"]], {"one": [1, 0, 1, 1], "two": [2, 2, 0, 1]}],
        [[["string", 1, "a"]], {}],
    ]
    with pytest.raises(ValueError, match="not a tapfix data file"):
        Store(b"something else")


@pytest.mark.parametrize(
    ("name", "count", "fits"),
    [
        ("lookup", 2, True),
        ("lookup", 4, False),
        ("merge", 0, True),
        ("merge", 9, True),
        ("coalesce", 0, False),
        ("join", 1, False),
        ("upper", 1, True),
        ("core::upper", 2, False),
    ],
)
def test_argument_counts(name: str, count: int, fits: bool) -> None:
    found = function(name)
    assert found is not None
    assert found.takes(count) is fits


def test_functions() -> None:
    assert len(functions()) > 100
    assert function("list") is None
    templates, contains = function("templatestring"), function("core::strcontains")
    assert templates is not None and templates.since == "1.9"
    assert contains is not None and contains.returns == "bool" and contains.name in functions()


def test_a_value_of_two_words_is_one_value() -> None:
    (direction,) = constraints("resource", "aws_directory_service_trust").of("trust_direction")
    assert direction.refuses("One-Way: Outgoing") is None
    assert direction.refuses("Outgoing") is not None


def test_arguments_that_exclude_each_other_are_probed_one_by_one() -> None:
    one = [[name, "one", ["a", "b", "c"]] for name in "abc"]
    conflicts = {"resource.a": [["name", "conflict", "prefix"], *one, ["size", "range", 1, 2]]}
    asked = list(without_conflicts(conflicts))
    everything = {"name", "prefix", "a", "b", "c"}
    stood = [everything - turn["resource.a"] for turn in asked]
    assert set().union(*stood) == everything
    assert all(not {"name", "prefix"} <= each and len(each & {"a", "b", "c"}) == 1 for each in stood)


def test_a_message_about_a_block_in_a_set_names_the_argument() -> None:
    text = "expected from_port to be in the range (0 - 65535), got 987654321\n"
    answer = ProviderMessage("resource", "aws_network_acl", ("ingress",), text)
    assert list(read(answer, "odd")) == []  # an attribute that takes blocks, whose members have no path
    algorithm = 'expected sse_algorithm to be one of ["AES256" "aws:kms"], got ~ probe ~\n'
    answer = ProviderMessage("resource", "aws_s3_bucket_server_side_encryption_configuration", ("rule",), algorithm)
    path = "rule.apply_server_side_encryption_by_default.sse_algorithm"
    assert list(read(answer, "odd")) == [[path, "enum", ["AES256", "aws:kms"]]]


def test_a_list_is_not_kept_for_an_argument_with_a_message_in_free_text() -> None:
    """A period is one of five numbers or divisible by 60, and no message states that either is enough."""
    block = ("metric_query",)
    answers = [
        ProviderMessage(
            "resource",
            "aws_cloudwatch_metric_alarm",
            block,
            "expected metric_query.0.period to be one of [1 5 10 20 30], got 7\n",
        ),
        ProviderMessage(
            "resource",
            "aws_cloudwatch_metric_alarm",
            block,
            "expected metric_query.0.period to be divisible by 60, got: 7\n",
        ),
    ]
    assert any(collect([("odd", answers[:1])]).values())
    assert not any(collect([("odd", answers)]).values())
