"""Runs fixers over a project, pass by pass, to a fixed point.

In a pass every fixer sees the same snapshot. Each of their fixes is made whole, or waits whole for the next pass.
After a pass only the top-level blocks that changed are parsed again. If a state comes back, rules undo each other:
that is an error, and the files stay as they were.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from tapfix.answer.files import Answer, Remark
from tapfix.edits import Edit, EditSet, Fix, Provenance, ensure_possible
from tapfix.engine import suppression
from tapfix.errors import ConvergenceError
from tapfix.fixer import Context, Finding, Fixer, Safety, Status
from tapfix.module import Project
from tapfix.result import Place, Placed
from tapfix.syntax import LineIndex

if TYPE_CHECKING:
    from tapfix.contract import Contract
    from tapfix.verify import Problem

_MAX_PASSES = 200
"""Far more than any real answer needs: it stops fixers that make the text grow without end."""

Barred = Mapping[tuple[str, ...], str]
"""Fixes that may not be made, with the reason: by the key of their finding, or by `(rule,)` for all fixes of a rule."""


class Options(NamedTuple):
    """How an input is repaired."""

    safe_only: bool = False
    """Make only the fixes that leave the meaning of the stack as it is."""
    moved: bool = False
    """Write `moved` blocks for what gets another address."""
    strict: bool = False
    """Raise the error of a fixer that fails, instead of leaving it out: for tests."""
    guard: bool = True
    """Take back the fixes that make the outcome worse by tapfix's own proof."""


class Outcome(NamedTuple):
    """What the fixers made of the files."""

    before: Project
    after: Project
    placed: tuple[Placed, ...]
    """The findings in reading order, with their places in the input."""
    remarks: tuple[Remark, ...]
    passes: int
    """How many passes it took, the last one without a fix."""
    problems: tuple[Problem, ...] = ()
    """The problems that tapfix's own proof finds in the outcome; empty without `Options.guard`."""

    @property
    def texts(self) -> dict[str, str]:
        """The text of each file of the outcome, by path."""
        return self.after.texts


class Work:
    """One input and the fixers for it: what stays the same however often the passes run."""

    def __init__(
        self,
        texts: Mapping[str, str],
        fixers: Sequence[Fixer],
        contract: Contract,
        answer: Answer | None,
        options: Options,
    ) -> None:
        self.before = Project(texts)
        self.fixers = sorted(fixers, key=lambda fixer: (fixer.order, fixer.rule))
        self.contract = contract
        self.answer = answer
        self.options = options
        self.lines = {path: LineIndex(text) for path, text in texts.items()}


class Passes:
    """One run of the fixers over an input, without the barred fixes."""

    def __init__(self, work: Work, barred: Barred) -> None:
        self.work = work
        self.barred = barred
        self.project = work.before
        self.provenance = {p: Provenance(len(t)) for p, t in work.before.texts.items()}
        self.fixed: dict[tuple[str, str, str, str], Placed] = {}
        self.overtaken: dict[tuple[str, str, str, str], Placed] = {}
        """Findings whose fix had to wait for another fix, which may have removed what they are about."""
        self.remarks: list[Remark] = []
        self.failed: set[str] = set()

    def run(self) -> Outcome:
        """Run passes until one makes no fix. Raises ConvergenceError if a state comes back or the passes do not end."""
        seen: dict[int, int] = {hash(frozenset(self.project.texts.items())): 0}
        rules_of_pass: list[set[str]] = []
        left: list[Placed] = []
        for number in range(1, _MAX_PASSES + 2):
            accepted, left = self._pass()
            if not accepted:
                return Outcome(self.work.before, self._laid_out(), self._placed(left), tuple(self.remarks), number)
            rules_of_pass.append({f.rule for f in accepted})
            state = hash(frozenset(self.project.texts.items()))
            if state in seen or number > _MAX_PASSES:
                since = seen.get(state, max(0, number - 2))
                rules = tuple(sorted(set().union(*rules_of_pass[since:])))
                what = "undo each other" if state in seen else f"do not end within {_MAX_PASSES} passes"
                raise ConvergenceError(f"rules {', '.join(rules)} {what}; the files stay as they were", rules)
            seen[state] = number
        raise AssertionError("the loop ends by return or raise")

    def _pass(self) -> tuple[list[Finding], list[Placed]]:
        """One pass: the findings that were fixed, and those that are left."""
        work = self.work
        context = Context(work.contract, self.project, answer=work.answer, moved=work.options.moved)
        edits = EditSet()
        accepted: list[tuple[Finding, Fix]] = []
        left: list[Placed] = []
        quiet = suppression.of(self.project)
        for finding in self._findings(context, edits):
            if edits.closed:
                break  # An exclusive fix was taken: all other fixes are asked for again in the next pass.
            finding = quiet.judge(finding)
            if finding.fix is not None:
                finding = self._allowed(finding)
            if finding.fix is None:
                left.append(Placed(finding, self._place(finding)))
            elif edits.accepts(finding.fix):
                accepted.append((finding, finding.fix))
            elif not edits.closed:
                self.overtaken[finding.key] = Placed(
                    finding._replace(fix=None, reason=_OVERTAKEN), self._place(finding)
                )
        left.extend(Placed(f, self._place(f)) for f in quiet.unused({f.rule for f in self.work.fixers}))
        for finding, _ in accepted:
            self.fixed.setdefault(finding.key, Placed(finding._replace(fix=None), self._place(finding)))
        if accepted:
            self._apply(edits, accepted)
        return [f for f, _ in accepted], left

    def _findings(self, context: Context, edits: EditSet) -> Iterator[Finding]:
        """The findings, fixer by fixer; a fixer runs when its first finding is asked for."""
        for fixer in self.work.fixers:
            if fixer.rule not in self.failed:
                yield from self._findings_of(fixer, context, edits)

    def _findings_of(self, fixer: Fixer, context: Context, edits: EditSet) -> list[Finding]:
        found: list[Finding] = []
        for module in self.project.modules:
            try:
                findings = list(fixer.check(module, context))
                for finding in findings:
                    if finding.fix is not None and edits.may_take(finding.fix):
                        ensure_possible(finding.fix, self.project.texts)
                found.extend(findings)
            except Exception as error:
                if self.work.options.strict:
                    raise
                self.failed.add(fixer.rule)
                at = module.folder or "."
                message = f"{fixer.rule} {fixer.name} failed on {at} ({type(error).__name__}: {error}) and was left out"
                self.remarks.append(Remark("error", message, "", 1, 1))
                break
        return found

    def _allowed(self, finding: Finding) -> Finding:
        """The finding; without its fix, and with the reason, if the fix may not be made."""
        for key in (finding.key, (finding.rule,)):
            if key in self.barred:
                return finding._replace(status=Status.REFUSED, fix=None, reason=self.barred[key])
        if finding.safety is Safety.SUGGESTION or (self.work.options.safe_only and finding.safety is not Safety.SAFE):
            return finding._replace(status=Status.SUGGESTED, fix=None, reason="only safe fixes were asked for")
        return finding

    def _apply(self, edits: EditSet, accepted: Sequence[tuple[Finding, Fix]]) -> None:
        writer: dict[Edit, str] = {}
        for finding, fix in accepted:
            for edit in fix.edits:
                writer.setdefault(edit, finding.rule)
        made: dict[str, list[Edit]] = {}
        for path, planned in edits.by_file().items():
            # A new file gets the line endings of the stack beside it.
            like = self.project.files.get(path) or self.project.root.main
            crlf = like is not None and like.newline == "\r\n"
            made[path] = [e._replace(text=_with_crlf(e.text)) for e in planned] if crlf else planned
            provenance = self.provenance.setdefault(path, Provenance(0))
            rows = [(e.start, e.end, m.text, writer[e]) for e, m in zip(planned, made[path], strict=True)]
            provenance.apply(rows)
        self.project = self.project.edited(made, frozenset(edits.removes))

    def _place(self, finding: Finding) -> Place:
        span = finding.span
        lines = self.work.lines.get(span.file)
        if lines is None:
            return Place(span.file, 1, 1, 1, 1)
        provenance = self.provenance[span.file]
        start = provenance.original(span.start)
        end = max(start, provenance.original(span.end))
        return Place(span.file, *lines.position(start), *lines.position(end))

    def _placed(self, left: Sequence[Placed]) -> tuple[Placed, ...]:
        known = {p.finding.key: p for p in left if p.finding.key not in self.fixed}
        settled = {(p.finding.rule, p.place) for p in (*self.fixed.values(), *known.values())}
        gone = [p for p in self.overtaken.values() if (p.finding.rule, p.place) not in settled]
        return tuple(sorted((*self.fixed.values(), *known.values(), *gone), key=_reading_order))

    def _laid_out(self) -> Project:
        """The project with the text that fixes wrote laid out as `terraform fmt` lays it out."""
        from tapfix.syntax.formatter import format_changed, format_text

        edits: dict[str, list[Edit]] = {}
        for path, file in self.project.files.items():
            before = self.work.before.files.get(path)
            if file.kind == "other" or (before is not None and file.text == before.text):
                continue
            if before is None:
                changes = [(0, len(file.text), format_text(file.tree))]
            else:
                provenance = self.provenance[path]
                changes = format_changed(before.tree, file.tree, provenance.touched(), provenance.original)
            edits[path] = [Edit(path, *change) for change in changes]
        return self.project.edited(edits)


_OVERTAKEN = "another fix removed or rewrote the text that it is about"


def _with_crlf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\n", "\r\n")


def _reading_order(placed: Placed) -> tuple[str, int, int, str, str]:
    place = placed.place
    return place.file, place.line, place.column, placed.finding.rule, placed.finding.message
