"""TAP102 `syntax-repair`: text that does not parse, and can mean one thing only."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tapfix.edits import Edit
from tapfix.fixer import Because, Context, Example, Finding, Fixer, Safety, Severity
from tapfix.module import Element, File, Module

_SENTENCES = r"(?=[A-Z])(?:[ \t]*+\w[\w'’-]*+[,;]?(?:[ \t]+[(]?\w[\w'’.&/-]*+[,;:.!)]*+){2,}[ \t\r]*+(?:\n|\Z))++"
"""Lines of three or more words that begin with a capital, with the punctuation of a sentence and none of HCL."""


class SyntaxRepair(Fixer):
    """Text that does not parse, and can mean one thing only.

    One semicolon keeps Terraform from reading a whole module, and every other rule from reading the block that
    contains it. Repaired are:

    * a semicolon between arguments or items: it becomes a new line, or a comma in an object on one line;
    * several arguments of a block on one line (`variable "x" { type = string default = 1 }`): each gets its own line;
    * a missing comma between elements, and an extra comma after an argument;
    * a bracket that nothing closes, in a block that is whole otherwise: it is closed before the argument that cannot be
      inside it, or where the indent of the lines shows its end;
    * the missing last brace of a block, if the next block begins after it;
    * a sentence between the blocks ("Continuing with the database:"): it becomes a comment;
    * `name: value` for `name = value`; 'single' and typographic quotes; a backslash of a regular expression that was
      not escaped, and a backslash of Markdown (`arn:aws:s3:::logs/\\*`).

    A block is repaired as a whole or not at all: each change has to let the parser get further, and the last one to
    the end of the block. Otherwise (`...` for "the rest", prose, a quote or heredoc that nothing closes) the block
    stays as it is, and the diagnostic says where the text stops making sense. TAP004 takes care of a block in which
    the answer was cut off.

    **Why safe:** the text had no meaning, since Terraform refuses it. The changes are punctuation, quotes and new
    lines, and the words stay.
    """

    rule = "TAP102"
    severity = Severity.CRITICAL
    safety = Safety.SAFE
    title = "Text that Terraform cannot read"
    cause = "Separators, brackets or quotes of another language, or one that was forgotten."
    reference = "https://developer.hashicorp.com/terraform/language/syntax/configuration"
    because = Because("terraform", "a file follows the syntax of the language", reference=reference)
    effect = "Terraform reads nothing of the module: not even `terraform fmt` works."
    order = 1
    examples = (
        Example(
            title="Semicolons, and a missing comma",
            before="""\
variable "zones" { type = list(string); default = [] }

resource "aws_lb" "main" {
  name = "main"
  subnets = [
    aws_subnet.a.id # the first
    aws_subnet.b.id,
  ]
}
""",
            after="""\
variable "zones" {
  type    = list(string)
  default = []
}

resource "aws_lb" "main" {
  name = "main"
  subnets = [
    aws_subnet.a.id, # the first
    aws_subnet.b.id,
  ]
}
""",
        ),
        Example(
            title="Brackets that nothing closes",
            before="""\
resource "aws_instance" "web" {
  ami                    = var.ami
  vpc_security_group_ids = [aws_security_group.web.id

  tags = merge(local.tags, {
    Name = "web"
  }
  root_block_device {
    encrypted = true
}

output "id" {
  value = aws_instance.web.id
}
""",
            after="""\
resource "aws_instance" "web" {
  ami                    = var.ami
  vpc_security_group_ids = [aws_security_group.web.id]

  tags = merge(local.tags, {
    Name = "web"
  })
  root_block_device {
    encrypted = true
  }
}

output "id" {
  value = aws_instance.web.id
}
""",
        ),
        Example(
            title="Punctuation of other languages",
            before="""\
locals {
  name: 'web',
  file = replace(var.file, "/\\.zip$/", "")
}
""",
            after="""\
locals {
  name = "web"
  file = replace(var.file, "/\\\\.zip$/", "")
}
""",
        ),
        Example(
            title="Left alone: the rest is not known",
            before="""\
resource "aws_lb" "main" {
  name = "main"
  ...
}
""",
            after=None,
        ),
    )

    def check(self, module: Module, context: Context) -> Iterator[Finding]:
        for file in (*module.configuration, *module.tfvars):
            if file.tree.diagnostics:
                known = {element.base: element for element in (*file.broken, *file.blocks, *file.attributes.values())}
                for item in file.items:
                    if item.diagnostics and item.start in known:
                        yield from self._mend(file, known[item.start])

    def _mend(self, file: File, element: Element) -> Iterator[Finding]:
        text = element.text()
        if re.fullmatch(_SENTENCES, text):
            starts = [element.start, *(element.start + line.end() for line in re.finditer("\n", text))]
            edits = [Edit(file.path, start, start, "# ") for start in starts]
            yield self.fix(element, f"a sentence between the blocks: `{text.partition(chr(10))[0].strip()}`", edits)
            return
        from .mending import repaired  # imported late: it is large, and most answers parse

        found = repaired(text, cut_off=element.end >= len(file.text.rstrip()))
        if found is None:
            return
        head = text.partition("\n")[0].partition("{")[0].strip()
        edits = [Edit(file.path, element.start + start, element.start + end, new) for start, end, new in found.changes]
        # Exclusive: without this block other rules may draw wrong conclusions about the module.
        yield self.fix(element, f"`{head}` does not parse: {', '.join(found.what)}", edits, exclusive=True)
