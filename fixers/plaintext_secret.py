"""TAP110: the text contains a secret."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tapfix.fixer import Because, Context, Example, Finding, Fixer, Safety, Severity
from tapfix.module import Attribute, Block, Module, string_value

_SECRET = re.compile(
    r"(?:^|_)(?:password|passwd|passphrase|secret|secret_key|private_key|auth_token|api_key|access_token)$", re.I
)
_ARGUMENTS = frozenset(
    {
        "password",
        "master_password",
        "admin_password",
        "auth_token",
        "secret_string",
        "secret_key",
        "master_user_password",
    }
)
"""Arguments of AWS resources that take a secret. The provider marks them as sensitive."""


class PlaintextSecret(Fixer):
    """The text contains a secret, and everyone who can read the repository can read it.

    Passwords in a tfvars file, in the default of a variable or in a resource end up in version control. Set them
    through the environment (`TF_VAR_db_password`), a secret store (`aws_secretsmanager_secret_version` as a data
    source) or a managed password (`manage_master_user_password = true` on RDS).

    **Suggestion**, never applied: without the value the stack would lack one, and only its owner can move it to the
    right place. The rule ignores empty values and values that refer to something else.
    """

    rule = "TAP110"
    severity = Severity.HIGH
    safety = Safety.SUGGESTION
    title = "A secret in the text"
    cause = "A password was needed, and written down where it is used."
    reference = "https://developer.hashicorp.com/terraform/language/values/variables#suppressing-values-in-cli-output"
    because = Because("terraform", "a secret is kept out of the configuration", reference=reference)
    effect = "Whoever reads the code or its history has the password."
    examples = (
        Example(
            title="A password in a tfvars file is reported and left as it is",
            before={
                "tap_stack.tf": 'variable "db_password" {\n  type      = string\n  sensitive = true\n}\n',
                "dev.tfvars": 'db_password = "DevPassword123!"\n',
            },
            after=None,
        ),
    )

    def check(self, module: Module, context: Context) -> Iterator[Finding]:
        for file in module.tfvars:
            for attribute in file.attributes.values():
                if self._is_secret(attribute.name, module) and _literal(attribute):
                    yield self.suggest(
                        attribute,
                        f"{file.path} holds the secret `{attribute.name}` as plain text",
                        f"set it through the environment (TF_VAR_{attribute.name}) or read it from a secret store, "
                        "and take the line out",
                    )
        for name, block in module.variables.items():
            default = block.get("default")
            if default is not None and _literal(default) and self._is_secret(name, module):
                yield self.suggest(
                    default,
                    f"the secret `{name}` has its value as a default",
                    f"take the default out and set it through the environment (TF_VAR_{name})",
                )
        for block in module.resources():
            for argument in _ARGUMENTS & set(block.attributes):
                if _literal(block.attributes[argument]):
                    yield self.suggest(
                        block.attributes[argument],
                        f"{block.address} holds its `{argument}` as plain text",
                        "read it from a sensitive variable or a secret store",
                    )

    @staticmethod
    def _is_secret(name: str, module: Module) -> bool:
        if _SECRET.search(name):
            return True
        block = module.variables.get(name)
        mark = block.get("sensitive") if isinstance(block, Block) else None
        return mark is not None and mark.value == "true" and "user" not in name


def _literal(attribute: Attribute) -> bool:
    return bool(string_value(attribute.expr))
