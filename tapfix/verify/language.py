"""Terraform's own blocks, with their arguments and blocks. Everything here belongs to the language, not to a provider.

Source: the configuration schemas of Terraform 1.11 (https://developer.hashicorp.com/terraform/language and
internal/configs in its repository).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class Form(NamedTuple):
    """A block of the language: its labels, arguments and blocks. An `open` one may have others as well."""

    labels: tuple[str, ...]
    required: frozenset[str]
    arguments: frozenset[str]
    """All arguments, with the required ones."""
    blocks: Mapping[str, Form]
    open: bool


def _form(labels: str = "", required: str = "", optional: str = "", open: bool = False, **blocks: Form) -> Form:
    must = frozenset(required.split())
    return Form(tuple(labels.split()), must, must | frozenset(optional.split()), blocks, open)


_ANY: Final = _form(open=True)
_CONDITION: Final = _form(required="condition error_message")
_LIFECYCLE: Final = _form(
    optional="create_before_destroy prevent_destroy ignore_changes replace_triggered_by",
    precondition=_CONDITION,
    postcondition=_CONDITION,
)
_PROVISIONER: Final = _form("type", open=True)

RESOURCE_BLOCKS: Final[Mapping[str, Form]] = {
    "lifecycle": _LIFECYCLE,
    "connection": _ANY,
    "provisioner": _PROVISIONER,
}
"""The blocks of Terraform itself in a resource. A data source has only `lifecycle`."""
RESOURCE_ARGUMENTS: Final = frozenset({"count", "for_each", "provider", "depends_on"})
PROVISIONERS: Final = frozenset({"local-exec", "remote-exec", "file"})

FORMS: Final[Mapping[str, Form]] = {
    "resource": _form("type name", open=True),
    "data": _form("type name", open=True),
    "ephemeral": _form("type name", open=True),
    "provider": _form("name", open=True),
    "variable": _form("name", optional="type description default sensitive nullable ephemeral", validation=_CONDITION),
    "output": _form(
        "name",
        required="value",
        optional="description sensitive depends_on ephemeral",
        precondition=_CONDITION,
        postcondition=_CONDITION,
    ),
    "locals": _form(open=True),
    "module": _form("name", required="source", open=True),
    "terraform": _form(
        optional="required_version experiments language",
        backend=_form("type", open=True),
        cloud=_ANY,
        required_providers=_ANY,
        provider_meta=_form("provider", open=True),
    ),
    "moved": _form(required="from to"),
    "import": _form(required="to id", optional="provider for_each"),
    "removed": _form(required="from", lifecycle=_form(optional="destroy"), provisioner=_PROVISIONER, connection=_ANY),
    "check": _form("name")._replace(blocks={"data": _form("type name", open=True), "assert": _CONDITION}),
}

MODULE_ARGUMENTS: Final = frozenset({"source", "version", "providers", "count", "for_each", "depends_on"})
RESERVED_VARIABLES: Final = frozenset(
    {"source", "version", "providers", "count", "for_each", "lifecycle", "depends_on", "locals"}
)
"""Names that no variable may have, because they are arguments of a module block
(https://developer.hashicorp.com/terraform/language/values/variables)."""
PROVIDER_RESERVED: Final = frozenset({"count", "depends_on", "for_each", "source"})
PATH_NAMES: Final = frozenset({"module", "root", "cwd"})
TERRAFORM_NAMES: Final = frozenset({"workspace", "applying"})
