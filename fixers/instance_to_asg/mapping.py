"""Where each argument and block of an `aws_instance` goes when it becomes a launch template and a group.

Each name is in exactly one of these tables, and tests hold both sides against the provider's schema. The table for a
new row is the first one here that fits; `launch_template.py` asks the tables in the same order:

1. `ONE_MACHINE`: only a certain machine can have it. The instances stay as they are.
2. `OF_GROUP`: the Auto Scaling group takes it, and `scaling.py` writes it there.
3. `INTO_BLOCKS`: an argument that the template takes inside a block.
4. `RENAMED`: an argument that the template takes, under the same or another name.
5. `SAME_BLOCKS`: a block that the template takes as it is.
6. `DEVICE_BLOCKS`: a block that becomes a `block_device_mappings`.
7. `DROPPED`: it goes, and nothing is lost.
8. `OWN_CODE`: it needs more than a row, and has a method of its own.

What is in no table is a reason to leave the instances as they are. A name that only one major version of the provider
knows is in `ONLY_IN` as well.
"""

from __future__ import annotations

ONE_MACHINE = {
    "private_ip": "a fixed private address",
    "secondary_private_ips": "fixed private addresses",
    "ipv6_addresses": "fixed IPv6 addresses",
    "network_interface": "network interfaces of its own",
    "primary_network_interface": "a network interface of its own",
    "connection": "a connection that provisioners use",
    "provisioner": "a provisioner, which runs once against one machine",
}
"""What a machine that can be replaced at any time cannot have: the words for it in a reason."""

OF_GROUP = frozenset({"availability_zone", "count", "depends_on", "for_each", "subnet_id"})
"""What the group takes."""

INTO_BLOCKS = {
    "iam_instance_profile": ("iam_instance_profile", "name"),
    "monitoring": ("monitoring", "enabled"),
    "hibernation": ("hibernation_options", "configured"),
    "cpu_core_count": ("cpu_options", "core_count"),
    "cpu_threads_per_core": ("cpu_options", "threads_per_core"),
    "tenancy": ("placement", "tenancy"),
    "placement_group": ("placement", "group_name"),
    "placement_group_id": ("placement", "group_id"),
    "placement_partition_number": ("placement", "partition_number"),
    "host_id": ("placement", "host_id"),
    "host_resource_group_arn": ("placement", "host_resource_group_arn"),
    "associate_public_ip_address": ("network_interfaces", "associate_public_ip_address"),
    "enable_primary_ipv6": ("network_interfaces", "primary_ipv6"),
    "ipv6_address_count": ("network_interfaces", "ipv6_address_count"),
}
"""Arguments that the template takes inside a block: the block's type, and the name there."""

RENAMED = {
    "ami": "image_id",
    "disable_api_stop": "disable_api_stop",
    "disable_api_termination": "disable_api_termination",
    "ebs_optimized": "ebs_optimized",
    "instance_initiated_shutdown_behavior": "instance_initiated_shutdown_behavior",
    "instance_type": "instance_type",
    "key_name": "key_name",
    "provider": "provider",
    "region": "region",
    "security_groups": "security_group_names",
    "vpc_security_group_ids": "vpc_security_group_ids",
}
"""Arguments that the template takes, and their names there."""

SAME_BLOCKS = frozenset(
    {
        "capacity_reservation_specification",
        "cpu_options",
        "credit_specification",
        "enclave_options",
        "instance_market_options",
        "maintenance_options",
        "metadata_options",
        "private_dns_name_options",
    }
)
"""Blocks that the template takes as they are."""

DEVICE_BLOCKS = {"root_block_device": "ebs", "ebs_block_device": "ebs", "ephemeral_block_device": ""}
"""Blocks that become `block_device_mappings`, and the block in it that takes what describes the volume."""

OF_MAPPING = frozenset({"device_name", "no_device", "virtual_name"})
"""The arguments of a device block that describe the device and not its volume."""

DROPPED = {
    "force_destroy": "a group ends its machines whether or not they are protected against it",
    "get_password_data": "nobody needs the password of a machine that can be replaced at any time",
    "source_dest_check": "true is the default",
    "timeouts": "the group has timeouts of its own",
    "user_data_replace_on_change": "the instance refresh replaces the machines",
}
"""What goes, and why nothing is lost."""

OWN_CODE = frozenset({"launch_template", "lifecycle", "tags", "user_data", "user_data_base64", "volume_tags"})
"""What needs more than a row. An instance with a `launch_template` gets no other one: the group uses it."""

ONLY_IN = {
    "cpu_core_count": 5,
    "cpu_threads_per_core": 5,
    "force_destroy": 6,
    "placement_group_id": 6,
    "primary_network_interface": 6,
    "region": 6,
}
"""Names that one major version of the provider knows, of the versions whose schema tapfix contains."""

IGNORED = {"ami": "image_id", "user_data_base64": "user_data"}
"""What `ignore_changes` names otherwise in a launch template."""
