"""Runs fixers over a project, pass by pass, to a fixed point, and keeps the outcome only where it is no worse.

In a pass every fixer sees the same snapshot. Their fixes are made whole or wait whole for the next pass. What a pass leaves
unchanged is not parsed again. A state that comes back means that rules undo each other: that is an error, and the sources stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from tapfix.answer.files import Answer, Remark
from tapfix.edits import Edit, EditSet, Fix, Provenance, Safety, ensure_possible
from tapfix.engine import suppression
from tapfix.errors import ConvergenceError
from tapfix.fixer import Context, Finding, Fixer, Status
from tapfix.module import Project
from tapfix.result import Place, Placed
from tapfix.syntax import LineIndex

if TYPE_CHECKING:
    from tapfix.contract import Contract
    from tapfix.verify import Problem

MAX_PASSES = 200
"""More than any real answer needs by far; a guard against fixers that grow the text for ever."""

_RETRIES = 40
"""How often the engine runs again without what made the outcome worse, before it leaves the sources as they were."""


class Options(NamedTuple):
    """How to run: only safe fixes; `moved` blocks wanted; `strict`: a fixer that fails raises (for tests)."""

    safe_only: bool = False
    moved: bool = False
    strict: bool = False
    guard: bool = True
    """Take fixes back that make the outcome worse by tapfix's own proof."""


class Outcome(NamedTuple):
    """What a run made of the texts."""

    before: Project
    """The files as they came, read."""
    after: Project
    """The files of the outcome, read."""
    placed: tuple[Placed, ...]
    remarks: tuple[Remark, ...]
    passes: int
    problems: tuple[Problem, ...] = ()
    """What tapfix's own proof says of the outcome; asked for with `Options.guard` only."""

    @property
    def texts(self) -> dict[str, str]:
        """The texts of the outcome."""
        return self.after.texts


def repair(
    texts: Mapping[str, str],
    fixers: Sequence[Fixer],
    contract: Contract,
    *,
    answer: Answer | None = None,
    options: Options = Options(),
) -> Outcome:
    """Fix the files of one input. Never raises for what stands in them (but in `strict` mode).

    Of fixes that lower tapfix's own proof the culprit is taken back, whole, and reported as refused.
    """
    run = _Run(texts, fixers, contract, answer, options)
    if not options.guard:
        return run.outcome({})
    outcome = _guarded(run)
    return outcome._replace(problems=run.problems(outcome.after))


def _guarded(run: _Run) -> Outcome:
    """The outcome without the fixes that make it worse, found by leaving them out one by one, the likeliest first."""
    barred: dict[tuple[str, ...], str] = {}
    outcome = run.outcome(barred)
    worse = run.worse(outcome)
    for _ in range(_RETRIES):
        if not worse:
            return outcome
        why = _told(worse[0])
        best: tuple[int, tuple[str, ...], Outcome, list[Problem]] | None = None
        for suspect in _suspects(outcome, worse):
            trial = run.outcome({**barred, suspect: why})
            still = run.worse(trial)
            if best is None or len(still) < best[0]:
                best = (len(still), suspect, trial, still)
            if not still:
                break
        if best is None or best[0] >= len(worse):
            break
        barred[best[1]] = why
        outcome, worse = best[2], best[3]
    return outcome if not worse else _without_rules(run, outcome, worse)


def _without_rules(run: _Run, outcome: Outcome, worse: Sequence[Problem]) -> Outcome:
    """The outcome without whole rules, where no fix is to blame alone: one rule more each time, until nothing is worse; then
    those that are not to blame are let in again."""
    why = _told(worse[0])
    barred: dict[tuple[str, ...], str] = {}
    for rule in dict.fromkeys((*(s[0] for s in _suspects(outcome, worse)), *(f.rule for f in run.fixers))):
        barred[(rule,)] = why
        outcome = run.outcome(barred)
        if not run.worse(outcome):
            break
    for rule_alone in list(barred):
        fewer = {key: reason for key, reason in barred.items() if key != rule_alone}
        trial = run.outcome(fewer)
        if not run.worse(trial):
            barred, outcome = fewer, trial
    return outcome


def _suspects(outcome: Outcome, worse: Sequence[Problem]) -> list[tuple[str, ...]]:
    """What to leave out, single fixes before whole rules, and those whose block has a problem, or is named in one, before the others."""
    fixed = [p.finding for p in outcome.placed if p.finding.status is Status.FIXED]
    held = {problem.address for problem in worse}
    named = [f for f in fixed if f.address and (f.address in held or any(f.address in p.message for p in worse))]
    single = [f.key for f in named[:8]]
    rules = dict.fromkeys((f.rule,) for f in reversed([*fixed, *named]))
    return [*single, *rules]


def _told(problem: Problem) -> str:
    return f"{problem.address}: {problem.message}" if problem.address else problem.message


class _Run:
    """One input, and all that stays the same however often it is run."""

    def __init__(
        self,
        texts: Mapping[str, str],
        fixers: Sequence[Fixer],
        contract: Contract,
        answer: Answer | None,
        options: Options,
    ) -> None:
        self.before = Project(texts)
        self.fixers = sorted(fixers, key=lambda f: (f.order, f.rule))
        self.contract = contract
        self.answer = answer
        self.options = options
        self.lines = {path: LineIndex(text) for path, text in texts.items()}
        self._proved: tuple[Project, tuple[Problem, ...]] | None = None
        """The outcome that the proof was asked about last, and what it said."""

    def outcome(self, barred: Mapping[tuple[str, ...], str]) -> Outcome:
        """Run to the fixed point. `barred` fixes (a finding's key, or a rule alone) are refused with a reason."""
        try:
            return _Passes(self, barred).run()
        except ConvergenceError as error:
            if self.options.strict:
                raise
            outcome = _Passes(self, {(fixer.rule,): str(error) for fixer in self.fixers}).run()
            said = Remark("error", str(error), "", 1, 1)
            return outcome._replace(remarks=(*outcome.remarks, said))

    def worse(self, outcome: Outcome) -> list[Problem]:
        """The problems that the outcome has and the input had not, where they could have been seen: not those in a block that did not
        parse before, nor in the call of a module that had one."""
        new = self.problems(outcome.after) if outcome.texts != self.before.texts else ()
        if not new:
            return []  # Of the input nobody asks then what was wrong with it.
        from tapfix.verify.comparison import new_problems, seen_before

        old = self.problems(self.before)
        return seen_before(self.before, new_problems(old, new, self.before, outcome.after))

    def problems(self, project: Project) -> tuple[Problem, ...]:
        """What tapfix's own proof says of the files. It is asked once for the input, and once for each outcome."""
        if project.texts == self.before.texts:
            return self._problems_before
        if self._proved is None or self._proved[0] is not project:
            self._proved = project, _problems_of(project)
        return self._proved[1]

    @cached_property
    def _problems_before(self) -> tuple[Problem, ...]:
        return _problems_of(self.before)


def _problems_of(project: Project) -> tuple[Problem, ...]:
    from tapfix.verify import check_project

    return check_project(project, project.texts.keys())


class _Passes:
    """The passes of one run."""

    def __init__(self, run: _Run, barred: Mapping[tuple[str, ...], str]) -> None:
        self.run_ = run
        self.barred = barred
        self.project = run.before
        self.provenance = {p: Provenance(len(t)) for p, t in run.before.texts.items()}
        self.fixed: dict[tuple[str, str, str, str], Placed] = {}
        self.overtaken: dict[tuple[str, str, str, str], Placed] = {}
        """Findings whose fix had to wait for another one, and that may be gone with it."""
        self.remarks: list[Remark] = []
        self.failed: set[str] = set()

    def run(self) -> Outcome:
        seen: dict[int, int] = {hash(frozenset(self.project.texts.items())): 0}
        rules_of_pass: list[set[str]] = []
        left: list[Placed] = []
        for number in range(1, MAX_PASSES + 2):
            accepted, left = self._pass()
            if not accepted:
                return Outcome(self.run_.before, self._laid_out(), self._placed(left), tuple(self.remarks), number)
            rules_of_pass.append({f.rule for f in accepted})
            state = hash(frozenset(self.project.texts.items()))
            if state in seen or number > MAX_PASSES:
                since = seen.get(state, max(0, number - 2))
                rules = tuple(sorted(set().union(*rules_of_pass[since:])))
                what = "undo each other" if state in seen else f"do not come to an end in {MAX_PASSES} passes"
                raise ConvergenceError(f"rules {', '.join(rules)} {what}; the files stay as they were", rules)
            seen[state] = number
        raise AssertionError("the loop ends by return or raise")

    def _pass(self) -> tuple[list[Finding], list[Placed]]:
        """One pass: what was fixed, and what is left."""
        run = self.run_
        context = Context(run.contract, self.project, answer=run.answer, moved=run.options.moved)
        edits = EditSet()
        accepted: list[tuple[Finding, Fix]] = []
        left: list[Placed] = []
        quiet = suppression.of(self.project)
        for finding in self._findings(context, edits):
            if edits.closed:
                break  # What stands alone in its pass was taken: all else is asked again in the next one.
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
        left.extend(Placed(f, self._place(f)) for f in quiet.unused({f.rule for f in self.run_.fixers}))
        for finding, _ in accepted:
            self.fixed.setdefault(finding.key, Placed(finding._replace(fix=None), self._place(finding)))
        if accepted:
            self._apply(edits, accepted)
        return [f for f, _ in accepted], left

    def _findings(self, context: Context, edits: EditSet) -> Iterator[Finding]:
        """What the fixers find, one fixer after the other, and each only when it is asked for."""
        for fixer in self.run_.fixers:
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
                if self.run_.options.strict:
                    raise
                self.failed.add(fixer.rule)
                at = module.folder or "."
                message = f"{fixer.rule} {fixer.name} failed on {at} ({type(error).__name__}: {error}) and was left out"
                self.remarks.append(Remark("error", message, "", 1, 1))
                break
        return found

    def _allowed(self, finding: Finding) -> Finding:
        """The finding without its fix where the fix may not be made, with the reason."""
        for key in (finding.key, (finding.rule,)):
            if key in self.barred:
                return finding._replace(status=Status.REFUSED, fix=None, reason=_taken_back(self.barred[key]))
        if finding.safety is Safety.SUGGESTION or (self.run_.options.safe_only and finding.safety is not Safety.SAFE):
            return finding._replace(status=Status.SUGGESTED, fix=None, reason="only safe fixes were asked for")
        return finding

    def _apply(self, edits: EditSet, accepted: Sequence[tuple[Finding, Fix]]) -> None:
        writer: dict[Edit, str] = {}
        for finding, fix in accepted:
            for edit in fix.edits:
                writer.setdefault(edit, finding.rule)
        made: dict[str, list[Edit]] = {}
        for path, planned in edits.by_file().items():
            # A new file ends its lines as the stack beside it does.
            like = self.project.files.get(path) or self.project.root.main
            crlf = like is not None and like.newline == "\r\n"
            made[path] = [e._replace(text=_with_crlf(e.text)) for e in planned] if crlf else planned
            provenance = self.provenance.setdefault(path, Provenance(0))
            rows = [(e.start, e.end, m.text, writer[e]) for e, m in zip(planned, made[path], strict=True)]
            provenance.apply(rows)
        self.project = self.project.edited(made, frozenset(edits.removes))

    def _place(self, finding: Finding) -> Place:
        span = finding.span
        lines = self.run_.lines.get(span.file)
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
        """The files, with what fixes wrote laid out as `terraform fmt` would have it."""
        from tapfix.syntax.formatter import format_changed, format_text

        edits: dict[str, list[Edit]] = {}
        for path, file in self.project.files.items():
            before = self.run_.before.files.get(path)
            if file.kind == "other" or (before is not None and file.text == before.text):
                continue
            if before is None:
                changes = [(0, len(file.text), format_text(file.tree))]
            else:
                provenance = self.provenance[path]
                changes = format_changed(before.tree, file.tree, provenance.touched(), provenance.original)
            edits[path] = [Edit(path, *change) for change in changes]
        return self.project.edited(edits)


_OVERTAKEN = "it went with what another fix took out or wrote anew"


def _taken_back(message: str) -> str:
    return f"the fix was taken back: with it, {message}"


def _with_crlf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\n", "\r\n")


def _reading_order(placed: Placed) -> tuple[str, int, int, str, str]:
    place = placed.place
    return place.file, place.line, place.column, placed.finding.rule, placed.finding.message
