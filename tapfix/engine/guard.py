"""Runs fixers over the files of one input, and keeps a fix only if the proof of the outcome gets no worse by it.

The proof is tapfix's own: the steps of `tapfix.verify` that need nothing but tapfix. A fix with which the outcome has
a new problem is taken back, whole, and its finding is refused with that problem as the reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from tapfix.answer.files import Remark
from tapfix.engine.passes import Barred, Options, Outcome, Passes, Work
from tapfix.errors import ConvergenceError
from tapfix.fixer import Fixer, Status
from tapfix.module import Project

if TYPE_CHECKING:
    from tapfix.answer.files import Answer
    from tapfix.contract import Contract
    from tapfix.verify import Problem

_MAX_RETRIES = 40
"""How many fixes are taken back one by one before whole rules are."""

_MAX_SINGLE_SUSPECTS = 8
"""How many fixes are tried alone before their rules are."""


def repair(
    texts: Mapping[str, str],
    fixers: Sequence[Fixer],
    contract: Contract,
    *,
    answer: Answer | None = None,
    options: Options = Options(),
) -> Outcome:
    """Fix the files of one input, given by path.

    It does not raise for anything that the files contain, unless `options.strict` is set: then a fixer that fails
    raises its own error, and rules that undo each other raise ConvergenceError.
    """
    guard = _Guard(Work(texts, fixers, contract, answer, options))
    if not options.guard:
        return guard.outcome({})
    outcome = guard.guarded()
    return outcome._replace(problems=guard.problems(outcome.after))


class _Trial(NamedTuple):
    """An outcome without some fixes, and the problems that are new in it."""

    barred: Barred
    outcome: Outcome
    worse: Sequence[Problem]


class _Guard:
    """The outcomes of one input without some of its fixes, and what the proof says of them."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self._proved: tuple[Project, tuple[Problem, ...]] | None = None
        """The outcome that was proved last, and its problems."""

    def guarded(self) -> Outcome:
        """The outcome without the fixes that make it worse: they are left out one by one, the likeliest culprit
        first.
        """
        trial = self._trial({})
        for _ in range(_MAX_RETRIES):
            if not trial.worse:
                return trial.outcome
            better = self._better(trial)
            if better is None:
                break
            trial = better
        return self._without_rules(trial) if trial.worse else trial.outcome

    def _better(self, trial: _Trial) -> _Trial | None:
        """The best of the trials that leave out one suspect more; None if none of them has fewer problems."""
        why = _because(trial.worse[0])
        best = trial
        for suspect in _suspects(trial):
            other = self._trial({**trial.barred, suspect: why})
            if len(other.worse) < len(best.worse):
                best = other
            if not other.worse:
                break
        return best if best is not trial else None

    def _without_rules(self, trial: _Trial) -> Outcome:
        """The outcome without whole rules, for a problem that no single fix causes.

        One rule more is left out each time until nothing is worse. Then each rule without which nothing gets worse
        comes back.
        """
        why = _because(trial.worse[0])
        suspected = [suspect[0] for suspect in _suspects(trial)]
        barred: dict[tuple[str, ...], str] = {}
        outcome = trial.outcome
        for rule in dict.fromkeys([*suspected, *(fixer.rule for fixer in self.work.fixers)]):
            barred[(rule,)] = why
            outcome = self.outcome(barred)
            if not self._new_problems(outcome):
                break
        for key in list(barred):
            fewer = self._trial({other: reason for other, reason in barred.items() if other != key})
            if not fewer.worse:
                barred, outcome = dict(fewer.barred), fewer.outcome
        return outcome

    def _trial(self, barred: Barred) -> _Trial:
        outcome = self.outcome(barred)
        return _Trial(barred, outcome, self._new_problems(outcome))

    def outcome(self, barred: Barred) -> Outcome:
        """The fixed point of all fixes but the barred ones, which are refused with the reason given for them."""
        try:
            return Passes(self.work, barred).run()
        except ConvergenceError as error:
            if self.work.options.strict:
                raise
            outcome = Passes(self.work, {(fixer.rule,): _taken_back(str(error)) for fixer in self.work.fixers}).run()
            return outcome._replace(remarks=(*outcome.remarks, Remark("error", str(error), "", 1, 1)))

    def _new_problems(self, outcome: Outcome) -> Sequence[Problem]:
        """The problems that the outcome has and the input had not, as far as the input would have shown them."""
        before = self.work.before
        new = self.problems(outcome.after) if outcome.texts != before.texts else ()
        if not new:
            return ()  # The input need not be proved then.
        from tapfix.verify.comparison import new_problems, seen_before

        return seen_before(before, new_problems(self.problems(before), new, before, outcome.after))

    def problems(self, project: Project) -> tuple[Problem, ...]:
        """The problems that the proof finds in the files. The input is proved once, and so is each outcome."""
        if project.texts == self.work.before.texts:
            return self._problems_before
        if self._proved is None or self._proved[0] is not project:
            self._proved = project, _problems_of(project)
        return self._proved[1]

    @cached_property
    def _problems_before(self) -> tuple[Problem, ...]:
        return _problems_of(self.work.before)


def _problems_of(project: Project) -> tuple[Problem, ...]:
    from tapfix.verify import check_project

    return check_project(project, project.texts.keys())


def _suspects(trial: _Trial) -> list[tuple[str, ...]]:
    """The keys of what to leave out: single fixes before whole rules, and first those whose block has a problem or is
    named in one.
    """
    fixed = [p.finding for p in trial.outcome.placed if p.finding.status is Status.FIXED]
    addresses = {problem.address for problem in trial.worse}
    named = [
        finding
        for finding in fixed
        if finding.address
        and (finding.address in addresses or any(finding.address in problem.message for problem in trial.worse))
    ]
    single = [finding.key for finding in named[:_MAX_SINGLE_SUSPECTS]]
    rules = dict.fromkeys((finding.rule,) for finding in reversed([*fixed, *named]))
    return [*single, *rules]


def _because(problem: Problem) -> str:
    """The reason for which a fix that causes the problem is refused."""
    return _taken_back(f"{problem.address}: {problem.message}" if problem.address else problem.message)


def _taken_back(effect: str) -> str:
    return f"the fix was taken back: with it, {effect}"
