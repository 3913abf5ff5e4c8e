"""A grade as JUnit XML, which CI servers show: a test case for each failure, which fails if the failure is left."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from tapfix.report.analysis import unchecked
from tapfix.report.wording import why

if TYPE_CHECKING:
    from tapfix.report.grade import Failure, Grade

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""The characters that XML 1.0 cannot contain, not even escaped."""


def render(grade: Grade) -> str:
    """The XML document."""
    left = sum(failure.is_left for failure in grade.failures)
    numbers = f'tests="{max(1, len(grade.failures))}" failures="{left}"'
    cases = "".join(_case(grade, failure) for failure in grade.failures)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuites name="tapfix" {numbers}>\n'
        f"  <testsuite name={_quoted(grade.name)} {numbers}>\n"
        "    <properties>\n"
        f'      <property name="score.before" value="{grade.before.score:.1f}"/>\n'
        f'      <property name="score.after" value="{grade.after.score:.1f}"/>\n'
        f'      <property name="after.unchecked" value={_quoted(unchecked(grade))}/>\n'
        "    </properties>\n"
        f"{cases or _nothing(grade)}"
        "  </testsuite>\n"
        "</testsuites>\n"
    )


def _nothing(grade: Grade) -> str:
    return f'    <testcase classname={_quoted(grade.name)} name="nothing found"/>\n'


def _case(grade: Grade, failure: Failure) -> str:
    said = "\n".join(
        f"{instance.file}:{instance.line}: {instance.message}" + (f" ({instance.reason})" if instance.reason else "")
        for instance in failure.instances
    )
    said += "\n" + "\n".join(map(why, failure.because))
    head = f"    <testcase classname={_quoted(grade.name)} name={_quoted(f'{failure.rule} {failure.title}')}>\n"
    if failure.is_left:
        attributes = f"type={_quoted(failure.severity.value)} message={_quoted(failure.title)}"
        body = f"      <failure {attributes}>{_text(said)}</failure>\n"
    else:
        body = f"      <system-out>{_text('repaired: ' + said)}</system-out>\n"
    return f"{head}{body}    </testcase>\n"


def _text(text: str) -> str:
    return escape(_FORBIDDEN.sub("\ufffd", text))


def _quoted(text: str) -> str:
    return quoteattr(_FORBIDDEN.sub("\ufffd", text))
