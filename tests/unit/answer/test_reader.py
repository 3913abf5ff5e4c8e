"""Reading answers: which files an answer holds, what they are called, and what is left out."""

from __future__ import annotations

import contextlib
import gc
import pickle
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapfix.answer.reader import read_answer
from tapfix.errors import InputError, TapfixError
from tapfix.paths import UnsafePathError

VPC = 'resource "aws_vpc" "main" {\n  cidr_block = var.cidr\n}\n'
QUEUE = 'resource "aws_sqs_queue" "jobs" {\n}\n'


def fence(body: str, info: str = "hcl", marks: str = "```") -> str:
    return f"{marks}{info}\n{body}{marks}\n"


def paths(text: str, **options: object) -> list[str]:
    return [file.path for file in read_answer(text, **options).files]  # type: ignore[arg-type]


def kinds(text: str) -> list[str]:
    return [remark.kind for remark in read_answer(text).remarks]


@pytest.mark.parametrize(
    ("text", "path", "named_by"),
    [
        (f"## vpc.tf\n\n{fence(VPC)}", "vpc.tf", "heading"),
        (f"### **vpc.tf** (the network)\n{fence(VPC)}", "vpc.tf", "heading"),
        (f"## File: lib/vpc.tf\n\n{fence(VPC)}", "lib/vpc.tf", "heading"),
        (f"## The network (modules/net/main.tf)\n{fence(VPC)}", "modules/net/main.tf", "heading"),
        (f"## `./lib/vpc.tf`\n{fence(VPC)}", "lib/vpc.tf", "heading"),
        (f"vpc.tf\n======\n\nIt makes a network.\n\n{fence(VPC)}", "vpc.tf", "heading"),
        (f"## lib\\net\\vpc.tf\n{fence(VPC)}", "lib/net/vpc.tf", "heading"),
        (f"**vpc.tf**\n\n{fence(VPC)}", "vpc.tf", "bold"),
        (f"1. **Create vpc.tf:**\n   {fence(VPC).replace(chr(10), chr(10) + '   ')}", "vpc.tf", "bold"),
        (f"`vpc.tf`:\n{fence(VPC)}", "vpc.tf", "code"),
        (fence(VPC, 'hcl title="net/vpc.tf"'), "net/vpc.tf", "info"),
        (fence(VPC, "HCL:vpc.tf"), "vpc.tf", "info"),
        (fence(VPC, "hcl vpc.tf"), "vpc.tf", "info"),
        (fence(VPC, '{.hcl filename="vpc.tf"}'), "vpc.tf", "info"),
        (fence("# vpc.tf\n" + VPC), "vpc.tf", "comment"),
        (fence("# vpc.tf - the network\n" + VPC), "vpc.tf", "comment"),
        (fence("// File: lib/vpc.tf\n" + VPC), "lib/vpc.tf", "comment"),
        (fence("\n# ==========\n# vpc.tf\n# ==========\n" + VPC), "vpc.tf", "comment"),
        (fence("# ===== vpc.tf =====\n" + VPC), "vpc.tf", "comment"),
        (fence("/* vpc.tf */\n" + VPC), "vpc.tf", "comment"),
        (f"Here is the whole `vpc.tf` file that you asked for today:\n\n{fence(VPC)}", "vpc.tf", "prose"),
        (f"Consider splitting vpc.tf into modules:\n\n{fence(VPC)}", "tap_stack.tf", "default"),
        (fence("# See vpc.tf for the network\n" + VPC), "tap_stack.tf", "default"),
        (f"## Main\n\n{fence(VPC)}", "tap_stack.tf", "default"),
    ],
)
def test_name_of_a_file(text: str, path: str, named_by: str) -> None:
    (file,) = read_answer(text).files
    assert (file.path, file.named_by) == (path, named_by)


def test_name_in_two_places_that_agree_and_that_do_not() -> None:
    assert paths(f"## lib/main.tf\n{fence('# main.tf' + chr(10) + VPC)}") == ["lib/main.tf"]
    text = f"## network.tf\n{fence('# vpc.tf' + chr(10) + VPC)}"
    assert paths(text) == ["vpc.tf"]
    assert kinds(text) == ["disagreement"]


def test_a_name_without_folder_in_a_sentence_is_beside_the_other_files() -> None:
    text = f"## lib/main.tf\n{fence(VPC)}\nCreate a `terraform.tfvars` file:\n{fence('cidr = 1' + chr(10))}"
    assert paths(text) == ["lib/main.tf", "lib/terraform.tfvars"]
    assert read_answer(text).root == "lib"


@pytest.mark.parametrize("marks", ["```", "~~~", "`````", "~~~~~~~~"])
def test_fences_of_any_kind(marks: str) -> None:
    (file,) = read_answer(fence(VPC, marks=marks)).files
    assert (file.text, file.line, file.last_line, file.closed) == (VPC, 2, 4, True)


def test_fences_in_quotes_and_lists_lose_their_marks() -> None:
    quoted = "".join(f"> {line}\n" for line in fence(VPC).splitlines())
    listed = "1. Do it.\n\n" + "".join(f"   {line}\n" for line in fence(VPC).splitlines())
    deep = "".join(f"        {line}\n" for line in fence(VPC).splitlines())
    for text in (quoted, listed, deep):
        assert read_answer(text).files[0].text == VPC


def test_a_fence_further_left_than_its_list() -> None:
    text = f"1. Do it.\n   ```hcl\n{VPC}   ```\n2. More.\n"
    (file,) = read_answer(text).files
    assert file.text == VPC
    assert file.closed


def test_line_endings_and_byte_order_mark() -> None:
    text = "\ufeffHere:\r\n" + fence(VPC).replace("\n", "\r\n")
    (file,) = read_answer(text).files
    assert file.text == VPC.replace("\n", "\r\n")
    assert file.line == 3


def test_zero_width_and_entities_do_not_hide_a_name() -> None:
    assert paths(f"## \u200bvpc.tf&#32;\n\u200b{fence(VPC)}") == ["vpc.tf"]


def test_zero_width_characters_do_not_hide_a_fence() -> None:
    answer = read_answer(f"\u200b```hcl\n{VPC}\u200b```\n")
    assert [file.text for file in answer.files] == [VPC]
    assert answer.remarks == ()


def test_hcl_that_was_escaped_for_html_is_decoded() -> None:
    escaped = VPC.replace("&", "&amp;").replace('"', "&quot;")
    (file,) = (answer := read_answer(f"```hcl\n{escaped}```\n")).files
    assert file.text == VPC
    assert [remark.kind for remark in answer.remarks] == ["decoded"]
    kept = 'locals {\n  a = "&quot;"\n}\n'
    assert read_answer(f"```hcl\n{kept}```\n").files[0].text == kept


def test_typographic_quotes_do_not_hide_hcl() -> None:
    text = "variable \u201ca\u201d {\n  default = \u201cx\u201d\n}\n"
    mixed = text.replace("\u201ca\u201d", '"a"')
    plain = mixed.replace("\u201cx\u201d", '"x"')
    assert [file.text for file in read_answer(f"```hcl\n{text}```\n").files] == [plain]
    assert [file.text for file in read_answer(f"```hcl\n{mixed}```\n").files] == [mixed]


def test_an_answer_without_fences_is_divided_into_files() -> None:
    answer = read_answer(f"# main.tf\n{VPC}\n# dev.tfvars\na = 2\n")
    assert {file.path: file.text for file in answer.files}["dev.tfvars"] == "# dev.tfvars\na = 2\n"


def test_unclosed_fence_runs_to_the_end() -> None:
    answer = read_answer("```hcl\n" + VPC + 'resource "aws_subnet" "a" {\n  vpc_id = aws_vpc.')
    assert not answer.files[0].closed
    assert answer.files[0].text.endswith("aws_vpc.\n")
    assert [remark.kind for remark in answer.remarks] == ["unclosed"]


def test_unclosed_fence_before_the_next_file() -> None:
    text = f"## a.tf\n```hcl\n{VPC}\n## b.tf\n\n{fence(QUEUE)}"
    first, second = read_answer(text).files
    assert (first.path, first.text, first.closed) == ("a.tf", VPC, False)
    assert (second.path, second.text, second.closed) == ("b.tf", QUEUE, True)


def test_unclosed_fence_before_the_answer_part() -> None:
    text = f"### Reasoning\n```hcl\n{VPC}### Answer\n---\n\n{fence(QUEUE)}"
    (file,) = read_answer(text).files
    assert file.text == QUEUE
    (only,) = read_answer(f"### Reasoning\n```hcl\n{VPC}### Answer\n---\n").files
    assert only.text == VPC


def test_a_readme_with_fences_of_its_own_width() -> None:
    readme = "# Read me\n\n```bash\nls\n```\n\nTree:\n```\na\n```\n\nCreate `terraform.tfvars`:\n```hcl\nx = 1\n```\n"
    text = f"## main.tf\n{fence(VPC)}\n## README.md\n{fence(readme, 'markdown')}\n## b.tf\n{fence(QUEUE)}"
    answer = read_answer(text)
    assert [file.path for file in answer.files] == ["main.tf", "README.md", "b.tf"]
    assert answer.files[1].text == readme


def test_fences_in_a_heredoc_do_not_end_the_file() -> None:
    body = 'resource "local_file" "r" {\n  content = <<-EOT\n```bash\nls\n```\nEOT\n}\n'
    (file,) = read_answer(fence(body)).files
    assert file.text == body


def test_answer_inside_one_markdown_fence() -> None:
    text = fence(f"# All\n\n## vpc.tf\n{fence(VPC)}bye\n", "markdown")
    (file,) = read_answer(text).files
    assert (file.path, file.text, file.line) == ("vpc.tf", VPC, 6)


def test_several_files_in_one_fence() -> None:
    body = (
        f'# main.tf\n{VPC}\n# ====\n# variables.tf\n# ====\nvariable "cidr" {{}}\n\n'
        "# Values are in dev.tfvars\n# dev.tfvars\ncidr = 1\n"
    )
    answer = read_answer(fence(body))
    assert [file.path for file in answer.files] == ["main.tf", "variables.tf", "dev.tfvars"]
    assert "".join(file.text for file in answer.files) == body
    assert [remark.kind for remark in answer.remarks] == ["divided"]


def test_name_inside_a_heredoc_or_a_block_divides_nothing() -> None:
    body = 'resource "a" "b" {\n  # other.tf\n  x = <<EOF\n# main.tf\nlocals {}\nEOF\n}\n'
    assert paths(fence(body)) == ["tap_stack.tf"]


def test_tfvars_in_comments_stay_and_are_reported() -> None:
    body = VPC + "\n# dev.tfvars\n/*\ncidr = 1\n*/\n\n# prod.tfvars\n# cidr = 2\n"
    answer = read_answer(fence(body))
    assert [file.path for file in answer.files] == ["tap_stack.tf"]
    assert answer.files[0].text == body
    assert [(remark.kind, remark.line) for remark in answer.remarks] == [("commented", 6), ("commented", 11)]


def test_drafts_in_the_reasoning_are_reported_and_left_out() -> None:
    draft = fence("# tap_stack.tf\nlocals {}\n")
    text = (
        f"### Reasoning Trace\n\nLet me think.\n\n{draft}\n### Answer\n---\n\n{fence('# tap_stack.tf' + chr(10) + VPC)}"
    )
    answer = read_answer(text)
    assert VPC in answer.files[0].text
    assert [remark.kind for remark in answer.remarks] == ["draft"]
    assert read_answer(f"<think>\n{draft}</think>\n\n{fence(VPC)}").files[0].text == VPC


def test_last_whole_version_wins() -> None:
    old = fence("# a.tf\n" + VPC)
    new = fence("# a.tf\n" + VPC.replace("var.cidr", '"10.0.0.0/16"'))
    answer = read_answer(old + "Let me mend that.\n\n" + new)
    assert '"10.0.0.0/16"' in answer.files[0].text
    assert [remark.kind for remark in answer.remarks] == ["draft"]


def test_addition_goes_to_the_end_of_its_file() -> None:
    text = f"## lib/a.tf\n{fence(VPC)}\n### A queue (add to `lib/a.tf` at the end)\n{fence(QUEUE)}"
    (file,) = read_answer(text).files
    assert file.text == VPC + "\n" + QUEUE
    assert [file.answer_line(line) for line in (1, 3, 5, 6)] == [3, 5, 10, 11]


def test_a_changed_block_replaces_the_old_one() -> None:
    big = VPC + "\n# A queue.\n" + QUEUE + "\n# A topic.\n" + 'resource "aws_sns_topic" "t" {\n}\n'
    new = 'resource "aws_sqs_queue" "jobs" {\n  name = "jobs"\n}\n'
    for heading in ("## Update the queue in a.tf", "Then fix the queue:"):
        (file,) = read_answer(f"## a.tf\n{fence(big)}\n{heading}\n{fence(new)}").files
        assert file.text == big.replace(QUEUE, new)
        assert [file.answer_line(line) for line in (1, 5, 6, 8, 9, 10)] == [3, 7, 18, 20, 10, 11]
    (file,) = read_answer(f"## a.tf\n{fence(big)}\n## The queue again (a.tf)\n{fence(new)}").files
    assert file.text == big


def test_fences_without_a_name_are_one_stack() -> None:
    text = f"First:\n{fence(VPC)}\nThen:\n{fence(QUEUE)}\nThe network again:\n{fence(VPC)}"
    (file,) = read_answer(text).files
    assert (file.path, file.named_by) == ("tap_stack.tf", "default")
    assert file.text.startswith(VPC + "\n" + QUEUE) or file.text == VPC


def test_examples_beside_named_files_are_left_out() -> None:
    text = f"## main.tf\n{fence(VPC)}\n## Usage example\n" + fence('module "net" {\n}\n')
    assert paths(text) == ["main.tf"]
    assert kinds(text) == ["example"]


def test_values_without_a_name() -> None:
    stack = fence('variable "region" {}\n' + VPC)
    assert paths(stack + fence('region = "eu"\n')) == ["tap_stack.tf", "terraform.tfvars"]
    assert paths(stack + "For staging:\n" + fence('region = "eu"\n')) == ["tap_stack.tf", "staging.tfvars"]
    assert paths(stack + fence("tags = { a = 1 }\n")) == ["tap_stack.tf"]
    assert paths(stack + fence("region = var.other\n")) == ["tap_stack.tf"]


@pytest.mark.parametrize(
    "other",
    [
        fence("terraform init\nterraform apply\n", "bash"),
        fence("terraform init\nterraform apply\n"),
        fence('{\n  "a": 1\n}\n'),
        fence("lib/\n├── main.tf\n└── b.tf\n", ""),
        "## main.tf\n" + fence(".\n|-- main.tf\n`-- b.tf\n", ""),
        fence("- a = 1\n+ a = 2\n"),
        fence("depends_on = [aws_vpc.main]\n"),
        fence("ingress {\n  from_port = 1\n}\n"),
    ],
)
def test_fences_that_are_not_files(other: str) -> None:
    answer = read_answer(fence(VPC, 'hcl title="vpc.tf"') + other)
    assert [file.path for file in answer.files] == ["vpc.tf"]
    assert answer.remarks
    assert answer.has_prose


def test_files_beside_the_stack_are_kept_by_name() -> None:
    text = (
        f"{fence(VPC)}\n## user_data.sh\n{fence('#!/bin/bash' + chr(10), 'bash')}\n"
        f"## lambda/index.py\n{fence('x = 1' + chr(10), 'python')}\n"
        f"## Steps with main.tf\n{fence('ls' + chr(10), 'bash')}"
    )
    assert paths(text) == ["tap_stack.tf", "user_data.sh", "lambda/index.py"]


def test_unlabelled_fence_with_hcl_counts() -> None:
    assert paths(fence(VPC, "")) == ["tap_stack.tf"]
    assert paths(f"## vpc.tf\n{fence(VPC, 'text')}") == ["vpc.tf"]


def test_no_fences_at_all() -> None:
    answer = read_answer("# Stack\n\n" + VPC)
    assert (answer.files[0].text, answer.has_prose) == ("# Stack\n\n" + VPC, False)
    answer = read_answer("Sure, here it is:\n\n# The network\n" + VPC + "\nHope it helps.\n")
    assert answer.files[0].text == "# The network\n" + VPC
    assert answer.files[0].line == 3
    assert answer.has_prose


@pytest.mark.parametrize("text", ["", "hello", "\n\n", fence("ls\n", "bash"), "# only a heading\n", fence("", "hcl")])
def test_no_hcl(text: str) -> None:
    with pytest.raises(InputError, match=r"no HCL in answer\.md"):
        read_answer(text, name="answer.md")


@pytest.mark.parametrize(
    "text",
    [
        fence("# File: ../../etc/passwd\n" + VPC),
        fence("# ../../etc/passwd\n" + VPC),
        f"## `../../etc/passwd`\n{fence(VPC)}",
        fence(VPC, 'hcl title="../x.tf"'),
        fence(VPC, "hcl:/etc/passwd"),
        fence("# C:\\x\\main.tf\n" + VPC),
        f"**~/main.tf**\n{fence(VPC)}",
        f"**C:\\\\x\\\\main.tf**\n{fence(VPC)}",
        f"**\\\\server\\share\\main.tf**\n{fence(VPC)}",
        f"## lib/../../main.tf\n{fence(VPC)}",
        f"## .git/main.tf\n{fence(VPC)}",
        f"## a.tf/b.tf\n{fence(QUEUE)}## a.tf\n{fence(VPC)}",
    ],
)
def test_unsafe_paths(text: str) -> None:
    with pytest.raises(UnsafePathError, match=r"^the answer:\d+:1: unsafe path"):
        read_answer(text)


def test_a_script_for_a_machine_is_not_an_error() -> None:
    for name in ("/etc/app/app.conf", ".git/config.conf"):
        text = fence(VPC) + f"## {name}\n" + fence("x\n", "conf")
        assert paths(text) == ["tap_stack.tf"]
        assert kinds(text) == ["skipped"]


def test_answers_pickle_and_heavy_imports_are_late() -> None:
    assert pickle.loads(pickle.dumps(read_answer(fence(VPC)))) == read_answer(fence(VPC))
    code = (
        "import sys, tapfix.answer.source, tapfix.answer.reader, tapfix.contract;"
        "print([m for m in ('markdown_it', 'tomllib') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


PARTS = st.sampled_from(
    [
        "```hcl\n",
        "```\n",
        "````md\n",
        "~~~\n",
        "   ```tf\n",
        "> ",
        "- ",
        "1. ",
        "# main.tf\n",
        "## a.tf\n",
        "**b.tf**\n",
    ]
    + [
        "### Answer\n---\n",
        "</think>\n",
        VPC,
        "x = <<EOT\n",
        "EOT\n",
        "/*\n",
        "*/\n",
        '"',
        "${",
        "}",
        "{",
        "\r\n",
        "\t",
        "é\n",
    ]
    + ["dev.tfvars\n", "../x.tf\n", "\n", "├── a\n", "text: ", "\u200b", "\0"]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PARTS, max_size=30).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        answer = read_answer(text)
    except TapfixError:
        return
    lines = text.count("\n") + 1
    for file in answer.files:
        assert ".." not in file.path.split("/")
        assert file.text.endswith("\n")
        assert 1 <= file.line <= file.last_line <= lines + 1


@pytest.mark.parametrize(
    "unit",
    [
        "```hcl\n",
        "```\n",
        "> ",
        "- ",
        "```md\n```\n",
        "<<A\n",
        "<<A\n```\n```\n",
        "# main.tf\n",
        "/*",
        '"',
        "**a",
        "1. x\n",
        "x = 1\n",
        "{",
        "a/",
    ]
    + ["```hcl\n<<A\n```\n", "   - ```\nx\n", "## a.tf\n```hcl\nlocals {}\n", "`" * 50 + " ", "a.tf "],
)
def test_takes_linear_time(unit: str) -> None:
    def seconds(size: int) -> float:
        text = "```hcl\nlocals {}\n```\n" + unit * (size // len(unit))
        # The garbage collector would take time for the objects of earlier tests.
        gc.collect()
        gc.disable()
        try:
            start = time.process_time()
            with contextlib.suppress(TapfixError):
                read_answer(text)
            return time.process_time() - start
        finally:
            gc.enable()

    # Four times the text may take eight times as long on a busy machine. Quadratic time would be sixteen times as long.
    # The constant is for texts that take less than the clock can measure.
    assert min(seconds(120_000), seconds(120_000)) < 8 * min(seconds(30_000), seconds(30_000)) + 0.1


def test_the_text_around_the_files_is_kept_with_its_lines() -> None:
    text = f"# A stack\n\nIt is in\ntwo regions.\n\n```hcl\n{VPC}```\n\n- The end.\n"
    prose = read_answer(text).prose
    lines = text.split("\n")
    assert [(part.text, part.is_heading) for part in prose] == [
        ("A stack", True),
        ("It is in\ntwo regions.", False),
        ("The end.", False),
    ]
    assert all(part.text.split("\n")[0] in lines[part.line - 1] for part in prose)


def test_the_text_around_an_answer_without_fences() -> None:
    (before, after) = read_answer(f"Here it is.\n\n{VPC}\nThat was it.\n").prose
    assert (before.text.strip(), before.line) == ("Here it is.", 1)
    assert (after.text, after.line) == ("\nThat was it.\n", 3 + VPC.count("\n"))
