"""Checks of what a resource needs from others: records, policies and permissions without which AWS refuses it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from tapfix.fixer import Because, Context
from tapfix.module import Attribute, Block, Module, Reference

from .refusal import Check, Refusal, blocks_named, references_in, steps_after

_POLLED: Final[Mapping[str, tuple[str, str]]] = {
    "aws_sqs_queue": ("sqs:ReceiveMessage", "AWSLambdaSQSQueueExecutionRole"),
    "aws_kinesis_stream": ("kinesis:GetRecords", "AWSLambdaKinesisExecutionRole"),
    "aws_dynamodb_table": ("dynamodb:GetRecords", "AWSLambdaDynamoDBExecutionRole"),
}
"""The sources from which Lambda reads events, with an action that the function's role needs and the AWS policy for it.

Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-invocation.html
"""
_FROM_OUTSIDE: Final = r"\b(?:file|templatefile)\(|_policy_documents\b"
"""Expressions whose text is not in the stack."""
_LOGS_SERVICE: Final = r"\blogs\.|Principal\"?\s*[=:]\s*\"\*\"|identifiers\s*=\s*\[\s*\"\*\""
"""Texts of a key policy that admit CloudWatch Logs."""
_OUTER_ADDRESSES: Final = ("var.", "module.", "each.")
_POLICY_ARGUMENTS: Final = ("policy", "policy_arn", "policy_arns")


def _certificates(module: Module, context: Context) -> Iterator[Refusal]:
    for block in module.resources("aws_acm_certificate"):
        method = block.get("validation_method")
        if method is None or "DNS" not in context.values(method).values():
            continue
        users = [
            (reference, user)
            for reference in module.references_to(block.address)
            if (user := reference.block) is not None and user.type in ("resource", "module")
        ]
        if users and not any("domain_validation_options" in steps_after(reference) for reference, _ in users):
            yield Refusal(
                block,
                f"no record validates the certificate, so {users[0][1].address} never gets it",
                "make the aws_route53_record of its domain_validation_options, "
                "or take the ARN of a valid certificate as a variable",
            )


# --- keys -------------------------------------------------------------------------------------------------------------


def _log_keys(module: Module, context: Context) -> Iterator[Refusal]:
    for block in module.resources("aws_cloudwatch_log_group"):
        for key in blocks_named(module, block.get("kms_key_id"), "aws_kms_key"):
            policy = _key_policy(module, key)
            if policy is not None and not re.search(_LOGS_SERVICE, policy):
                yield Refusal(
                    block,
                    f"the policy of {key.address} does not let CloudWatch Logs use it, "
                    "and without that no log group can be made",
                    "allow logs.REGION.amazonaws.com to encrypt and decrypt in the key's policy",
                )
                continue
            for separate in _separate_policies(module, key):
                if not _leads_to(module, block, separate):
                    message = (
                        f"nothing makes the log group wait for {separate.address}, without which it cannot be made"
                    )
                    yield Refusal(block, message, f"depends_on = [{separate.address}]")


def _separate_policies(module: Module, key: Block) -> list[Block]:
    """The policies of a key that are resources of their own."""
    policies = module.resources("aws_kms_key_policy")
    return [policy for policy in policies if any(r.address == key.address for r in references_in(policy.get("key_id")))]


def _key_policy(module: Module, key: Block) -> str | None:
    """The text of a key's policy and of the documents to which it refers.

    It is empty for the default policy of AWS, and None if the text is not in the stack.
    """
    parts = [""]
    for attribute in (key.get("policy"), *(policy.get("policy") for policy in _separate_policies(module, key))):
        if attribute is None:
            continue
        parts.append(attribute.value)
        for reference in references_in(attribute):
            source = module.find(reference.address)
            if reference.address.startswith(("var.", "module.")) and attribute.value.startswith(reference.address):
                return None
            parts.append(source.text() if source is not None else "")
    return _if_complete(parts)


def _if_complete(parts: list[str]) -> str | None:
    """The parts as one text; None if a part takes text from outside the stack."""
    text = "\n".join(parts)
    return None if re.search(_FROM_OUTSIDE, text) else text


# --- buckets ----------------------------------------------------------------------------------------------------------


def _bucket_acls(module: Module, context: Context) -> Iterator[Refusal]:
    owned = {
        reference.address
        for block in module.resources("aws_s3_bucket_ownership_controls")
        for reference in block.references
    }
    for block in module.resources("aws_s3_bucket_acl"):
        for bucket in blocks_named(module, block.get("bucket"), "aws_s3_bucket"):
            if bucket.address not in owned:
                yield Refusal(
                    block,
                    f"{bucket.address} takes no ACL: since April 2023 new buckets have them switched off",
                    "leave the ACL out, or allow it by aws_s3_bucket_ownership_controls",
                )


def _trails(module: Module, context: Context) -> Iterator[Refusal]:
    policies = {
        reference.address: block
        for block in module.resources("aws_s3_bucket_policy")
        for reference in references_in(block.get("bucket"))
    }
    for block in module.resources("aws_cloudtrail"):
        for bucket in blocks_named(module, block.get("s3_bucket_name"), "aws_s3_bucket"):
            policy = policies.get(bucket.address)
            if policy is None:
                yield Refusal(
                    block,
                    f"{bucket.address} has no policy that lets CloudTrail write to it, so that no trail can be made",
                    "allow cloudtrail.amazonaws.com by an aws_s3_bucket_policy",
                )
            elif not _leads_to(module, block, policy) and not _leads_to(module, policy, block):
                message = f"nothing makes the trail wait for {policy.address}, without which it cannot be made"
                yield Refusal(block, message, f"depends_on = [{policy.address}]")


def _leads_to(module: Module, block: Block, wanted: Block) -> bool:
    """Whether a block refers to another one, directly or through other blocks."""
    waiting, seen = [block], set[str]()
    while waiting:
        for reference in waiting.pop().references:
            if reference.address == wanted.address:
                return True
            between = module.find(reference.address)
            if isinstance(between, Block) and reference.address not in seen:
                seen.add(reference.address)
                waiting.append(between)
    return False


# --- roles ------------------------------------------------------------------------------------------------------------


def _event_sources(module: Module, context: Context) -> Iterator[Refusal]:
    for block in module.resources("aws_lambda_event_source_mapping"):
        function = _only(module, block.get("function_name"), "aws_lambda_function")
        role = _only(module, function.get("role"), "aws_iam_role") if function is not None else None
        for kind, (action, managed) in _POLLED.items():
            source = _only(module, block.get("event_source_arn"), kind)
            if source is None or role is None:
                continue
            granted = _grants(module, role)
            if granted is not None and not re.search(_granting(action, managed), granted, re.IGNORECASE):
                yield Refusal(
                    block,
                    f"{role.address} is not granted {action}, "
                    f"without which Lambda does not accept {source.address} as a source",
                    f"grant it, or attach {managed}",
                )


def _granting(action: str, managed: str) -> str:
    """A pattern of the policies that grant an action: by name, by a wildcard, or as an AWS policy."""
    service, _, verb = action.partition(":")
    by_action = rf"\b{service}:(?:{verb}\b|[A-Za-z]*\*)"
    return rf"{by_action}|\b{managed}\b|\bAdministratorAccess\b|actions?\"?\s*[=:]\s*\[?\s*\"\*\""


def _only(module: Module, attribute: Attribute | None, type: str) -> Block | None:
    """The block of a type to which alone an attribute refers; None if it refers to several."""
    own = [r for r in references_in(attribute) if not r.address.startswith(("each.", "count."))]
    found = module.find(own[0].address) if len(own) == 1 else None
    return found if isinstance(found, Block) and found.resource_type == type else None


def _grants(module: Module, role: Block) -> str | None:
    """The text of all policies of a role; None if a policy is not in the stack."""
    waiting = [
        reference.block
        for reference in module.references_to(role.address)
        if reference.block is not None and (reference.block.resource_type or "").startswith("aws_iam_")
    ]
    parts, seen = [role.text()], {role.address}
    while waiting:
        block = waiting.pop()
        if block.address in seen:
            continue
        seen.add(block.address)
        parts.append(block.text())
        for reference in block.references:
            source = module.find(reference.address)
            if _is_outer_policy(reference):
                return None
            if isinstance(source, Block) and _is_policy(source):
                waiting.append(source)
            elif source is not None and reference.address.startswith("local."):
                parts.append(source.text())
    return _if_complete(parts)


def _is_outer_policy(reference: Reference) -> bool:
    """Whether a reference takes a policy from outside the module's text."""
    holder = reference.holder
    return reference.address.startswith(_OUTER_ADDRESSES) and holder is not None and holder.name in _POLICY_ARGUMENTS


def _is_policy(block: Block) -> bool:
    return block.type == "data" or (block.resource_type or "").startswith("aws_iam_policy")


CHECKS: Final[tuple[tuple[Check, Because], ...]] = (
    (
        _event_sources,
        Because(
            "aws",
            "Lambda needs permissions to read from an event source",
            reference="https://docs.aws.amazon.com/lambda/latest/dg/lambda-invocation.html",
        ),
    ),
    (
        _certificates,
        Because(
            "aws",
            "a certificate is issued after its domain is validated",
            reference="https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html",
        ),
    ),
    (
        _log_keys,
        Because(
            "aws",
            "the policy of a key must allow CloudWatch Logs to use it",
            reference="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html",
        ),
    ),
    (
        _bucket_acls,
        Because(
            "aws",
            "new buckets have ACLs disabled",
            reference="https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html",
        ),
    ),
    (
        _trails,
        Because(
            "aws",
            "the policy of a bucket must allow CloudTrail to write to it",
            reference="https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html",
        ),
    ),
)
"""Each check with what its findings rest on."""
