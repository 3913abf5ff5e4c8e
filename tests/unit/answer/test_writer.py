"""Writing answers: what is written reads back."""

from __future__ import annotations

from tapfix.answer.reader import read_answer
from tapfix.answer.writer import write_answer

VPC = 'resource "aws_vpc" "main" {\n  cidr_block = var.cidr\n}\n'
QUEUE = 'resource "aws_sqs_queue" "jobs" {\n}\n'


def test_written_answer_reads_back() -> None:
    files = {
        "dev.tfvars": 'x = "a"\n',
        "tap_stack.tf": 'locals {\n  a = <<E\n````\nE\n}\nvariable "x" {}\n',
        "lib/a.json": "{}\n",
        "README.md": "# Hi\n```\nx\n```\n",
    }
    text = write_answer(files, ["tap_stack.tf", "dev.tfvars"])
    answer = read_answer(text)
    assert {file.path: file.text for file in answer.files} == {**files, "dev.tfvars": '# dev.tfvars\nx = "a"\n'}
    assert next(iter(answer.files)).path == "tap_stack.tf"
    assert not answer.has_prose
    again = {file.path: file.text for file in answer.files}
    assert write_answer(again) == text


def test_written_answer_with_folders_reads_back_where_it_was() -> None:
    files = {"tap_stack.tf": QUEUE, "modules/vpc/main.tf": VPC}
    answer = read_answer(write_answer(files))
    assert [file.path for file in answer.files] == list(files)
