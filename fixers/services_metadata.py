"""TAP009: the project's metadata lists services other than those that the stack uses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tapfix.edits import Edit
from tapfix.fixer import Because, Context, Example, Finding, Fixer, Safety, Severity
from tapfix.module import Module, Span
from tapfix.schema.services import Feature, Service, actions_in, services, uses

_LIST = re.compile(r"\"(aws_?services|services)\"\s*:\s*(\[[^\[\]{}]*\]|\"(?:[^\"\\\n]|\\.)*\")", re.IGNORECASE)


class ServicesMetadata(Fixer):
    """The project's metadata lists services other than those that the stack uses.

    `metadata.json` names the AWS services of a project, for search and for billing. Its list says what is to be
    delivered, and whoever relies on it is misled if the stack creates something else.

    The resource types show which services the stack uses. A name on the list may be a service or a part of one (`NAT
    Gateway`), in any usual spelling. It counts as used if a resource, a data source, an IAM action or an argument
    shows it. A service is missing from the list if the stack creates resources of it and the list names neither the
    service nor the part to which they belong.

    The rule judges the stack as the other fixes leave it. It adds the services that the stack uses. It removes no
    name: where the list names a service that the stack does not use, the stack may lack it, so the rule asks. It
    reports nothing for a stack that does not parse or has no resources, since the rest of it may still come.

    **Safe.** The list keeps its names, order and spelling, and the stack does not change. The file is in the answer, or
    beside the input. If the stack calls a module that is not in the answer, no service is reported as unused.
    """

    rule = "TAP009"
    severity = Severity.MEDIUM
    safety = Safety.SAFE
    title = "Services in the metadata and in the stack differ"
    cause = "The metadata was written from the plan and not from the implementation."
    reference = "https://docs.aws.amazon.com/whitepapers/latest/aws-overview/amazon-web-services-cloud-platform.html"
    because = Because("built-in", "the metadata lists the services that the stack uses")
    effect = "Whoever searches or bills by the metadata is misled."
    order = 100
    examples = (
        Example(
            title="A service that the list leaves out",
            before={
                "tap_stack.tf": 'resource "aws_sqs_queue" "jobs" {\n}\n\nresource "aws_s3_bucket" "files" {\n}\n',
                "metadata.json": '{\n  "aws_services": [\n    "Amazon S3"\n  ]\n}\n',
            },
            after={
                "tap_stack.tf": 'resource "aws_sqs_queue" "jobs" {\n}\n\nresource "aws_s3_bucket" "files" {\n}\n',
                "metadata.json": '{\n  "aws_services": [\n    "Amazon S3",\n    "Amazon SQS"\n  ]\n}\n',
            },
        ),
        Example(
            title="A service that the stack does not use stays on the list",
            before={
                "tap_stack.tf": 'resource "aws_sqs_queue" "jobs" {\n}\n',
                "metadata.json": '{\n  "aws_services": [\n    "S3",\n    "Amazon SQS"\n  ]\n}\n',
            },
            after=None,
        ),
    )

    def check(self, module: Module, context: Context) -> Iterator[Finding]:
        name = context.contract.services.metadata
        file = context.project.files.get(name)
        if not module.is_root or module.main is None or file is None or not _is_complete(context):
            return
        because = context.contract.because("services.metadata")
        listed = read_list(file.text)
        if listed is None:
            if not _is_json(file.text):
                message = f"{name} is not JSON, so its list cannot be read"
                yield self.suggest(file, message, "repair the file by hand", because=because)
            return
        span = Span(name, listed.start, listed.end)
        usage = _usage(context)
        shown = [entry for entry in listed.entries if usage.shows(entry)]
        unused = () if usage.unknown else tuple(entry for entry in listed.entries if entry not in shown)
        if unused:
            message = f"{name} lists {_and(unused)}, which the stack does not use"
            reason = f"add what is missing to the stack, or remove {'the name' if len(unused) == 1 else 'the names'}"
            yield self.suggest(file, message, reason, because=because)._replace(span=span)
        missing = usage.missing(listed.entries if usage.unknown else shown)
        if missing:
            message = f"{name} leaves out {_and([service.name for service in missing])}, which the stack uses"
            edit = Edit(name, listed.start, listed.end, listed.written(listed.extended(missing)))
            # An exclusive fix of the last rule is made in a pass without other fixes, so it sees the stack after them.
            yield self.fix(file, message, [edit], exclusive=True, because=because)._replace(span=span)


class Listed(NamedTuple):
    """The list of services in a metadata file: its entries, the position in the file, and the text."""

    entries: tuple[str, ...]
    start: int
    end: int
    text: str

    def extended(self, missing: Sequence[Service]) -> tuple[str, ...]:
        """The entries with the missing ones, in the list's order and spelling."""
        entries = list(self.entries)
        vendors = [entry.startswith(("Amazon ", "AWS ")) for entry in self.entries]
        full = sum(vendors) * 2 > len(vendors)
        lower = bool(self.entries) and all(entry == entry.lower() for entry in self.entries)
        ordered = len(self.entries) > 2 and list(self.entries) == sorted(self.entries, key=str.lower)
        for service in missing:
            spelled = service.full_name if full else service.name
            entries.append(spelled.lower() if lower else spelled)
        return tuple(sorted(entries, key=str.lower) if ordered else entries)

    def written(self, entries: Sequence[str]) -> str:
        """The new text of the list, in the layout of the old one."""
        if self.text.startswith('"'):
            return json.dumps(", ".join(entries), ensure_ascii=False)
        quoted = [json.dumps(entry, ensure_ascii=False) for entry in entries]
        layout = re.match(r"\[(\s*\n[ \t]*)", self.text)
        if layout is None or not quoted:
            return f"[{', '.join(quoted)}]"
        tail = self.text[self.text.rindex("\n") :] if "\n" in self.text else ""
        return f"[{layout[1]}{(',' + layout[1]).join(quoted)}{tail}"


def read_list(text: str) -> Listed | None:
    """The list of services in a metadata file; `None` if there is none."""
    match = _LIST.search(text)
    if match is None:
        return None
    try:
        value = json.loads(match[2])
    except ValueError:
        return None
    entries = value.split(",") if isinstance(value, str) else value
    if not all(isinstance(entry, str) for entry in entries):
        return None
    return Listed(tuple(entry.strip() for entry in entries if entry.strip()), match.start(2), match.end(2), match[2])


class Usage(NamedTuple):
    """What a stack shows of the services that it uses."""

    created: frozenset[str]
    """Resource types."""
    read: frozenset[str]
    """Data source types."""
    actions: frozenset[str]
    text: str
    unknown: bool
    """Whether it calls a module whose text is not known."""

    def shows(self, entry: str) -> bool:
        """Whether the stack uses what an entry names. A name of no known service counts as used."""
        meanings = services().meanings(entry)
        types = self.created | self.read
        return not meanings or any(uses(meaning, types, self.actions, self.text) for meaning in meanings)

    def missing(self, entries: Sequence[str]) -> tuple[Service, ...]:
        """The services of the created resources that no entry names, in alphabetical order."""
        catalog = services()
        meanings = [meaning for entry in entries for meaning in catalog.meanings(entry)]
        covered = {meaning.service for meaning in meanings}
        parts = [meaning for meaning in meanings if isinstance(meaning, Feature)]
        used = {
            service.name: service
            for type in self.created
            if (service := catalog.service_of(type)) is not None and not any(part.includes(type) for part in parts)
        }
        return tuple(used[name] for name in sorted(used) if name not in covered)


def _is_complete(context: Context) -> bool:
    """Whether the text of the stack parses and has resources."""
    modules = context.project.modules
    return any(module.resources() for module in modules) and not any(
        file.broken for module in modules for file in module.configuration
    )


def _usage(context: Context) -> Usage:
    created: set[str] = set()
    read: set[str] = set()
    unknown = False
    texts = []
    for module in context.project.modules:
        created |= {block.labels[0] for block in module.resources() if block.labels}
        read |= {block.labels[0] for block in module.data() if block.labels}
        for call in module.blocks_of("module"):
            unknown |= context.project.callee(call) is None
        texts += [file.text for file in module.configuration]
    text = "\n".join(texts)
    return Usage(frozenset(created), frozenset(read), actions_in(text), text, unknown)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
