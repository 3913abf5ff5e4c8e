"""The formats of `--format`. One format is one module.

To add a format: a module with a function that renders, a member of `Format` (or of `GradeFormat`) and its case below,
and a row in README.md and docs/pipelines.md. No module is imported before its format is asked for.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tapfix.report.grade import Grade
    from tapfix.result import ResultData


class Format(StrEnum):
    """The formats of a result."""

    DIFF = "diff"
    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    ANNOTATIONS = "annotations"
    SARIF = "sarif"
    RDJSON = "rdjson"


class GradeFormat(StrEnum):
    """The formats of a grade."""

    MARKDOWN = "markdown"
    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"


def render(result: ResultData, format: Format) -> str:
    """The result in a format, without colours."""
    match format:
        case Format.DIFF:
            from tapfix.report import diff

            return diff.diff_of(result)
        case Format.TEXT:
            from tapfix.report import text

            return text.render(result)
        case Format.JSON:
            from tapfix.report import json

            return json.render(result)
        case Format.GITHUB:
            from tapfix.report import github

            return github.render(result)
        case Format.ANNOTATIONS:
            from tapfix.report import annotations

            return annotations.render(result)
        case Format.SARIF:
            from tapfix.report import sarif

            return sarif.render(result)
        case Format.RDJSON:
            from tapfix.report import rdjson

            return rdjson.render(result)


def render_grade(result: ResultData, grade: Grade, format: GradeFormat) -> str:
    """The grade of a result in a format."""
    match format:
        case GradeFormat.MARKDOWN:
            from tapfix.report import analysis

            return analysis.render(grade)
        case GradeFormat.TEXT:
            from tapfix.report import analysis

            return analysis.as_text(grade)
        case GradeFormat.JSON:
            from tapfix.report import json

            return json.render(result)
        case GradeFormat.JUNIT:
            from tapfix.report import junit

            return junit.render(grade)
