"""The steps that need a terraform or tofu binary: init, validate, plan, apply, plan again, destroy.

They run in a scratch copy, against an AWS emulator. The credentials of a real account are out of reach: the environment
in which terraform runs has none, unless `allow_real` is set.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple

from tapfix.module import Module, Project
from tapfix.module.environments import environment_files, is_automatic
from tapfix.verify import surroundings
from tapfix.verify.emulator import Emulator, EmulatorError
from tapfix.verify.problem import TERRAFORM_STEPS, Problem, Step, StepName

BINARIES: Final = ("terraform", "tofu")
MAX_OUTPUT: Final = 200_000
_LEFT_OUT: Final = (".terraform*", "*.tfstate", "*.tfstate.*", ".git")
# terraform's messages if the provider cannot be installed here, which is not a problem of the stack.
_NOT_AT_HAND: Final = re.compile(
    r"Failed to query available provider packages|Failed to install provider|could not connect to registry"
    r"|Registry service unreachable"
)
_SUMMARY_WORD: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class LadderOptions:
    """How the terraform steps run."""

    upto: StepName = "validate"
    binary: str | None = None
    """Name or path of the binary; by default the first of terraform and tofu that is found."""
    emulator: str | None = "auto"
    """`auto` starts one, and a URL names a running one. None means no emulator, and so no step after `validate`."""
    allow_real: bool = False
    """Run the steps on a real account, with the credentials of the environment, without an emulator."""
    environments: Sequence[str] | None = None
    """The names of the tfvars files, without ending, that are planned and applied; by default all."""
    timeout: float = 900.0
    """The time limit for one command, in seconds."""
    progress: Callable[[str], None] = field(default=lambda line: None)
    """Called with a few words at the start of each part."""


class CommandResult(NamedTuple):
    """The result of one command."""

    code: int
    output: str
    diagnostics: tuple[dict[str, Any], ...]
    events: tuple[dict[str, Any], ...]
    seconds: float
    timed_out: bool

    @property
    def errors(self) -> tuple[dict[str, Any], ...]:
        return tuple(d for d in self.diagnostics if d.get("severity") == "error")


def terraform_steps(texts: Mapping[str, str], folder: Path | None, options: LadderOptions) -> Iterator[Step]:
    """The steps up to `options.upto`, on files by path. The other files of `folder` are copied too."""
    wanted = TERRAFORM_STEPS[: TERRAFORM_STEPS.index(options.upto) + 1]
    binary = _binary(options)
    if binary is None:
        missing = f"there is no {options.binary}" if options.binary else "neither terraform nor tofu is on the PATH"
        yield from _skipped(wanted, f"{missing}: install one, or name where it is (--binary)")
        return
    with tempfile.TemporaryDirectory(prefix="tapfix-proof-") as scratch:
        root = Path(scratch, "stack")
        _copy(texts, folder, root)
        yield from _Ladder(binary, root, Project(texts), options).steps(wanted)


def _binary(options: LadderOptions) -> str | None:
    names = (options.binary,) if options.binary else BINARIES
    return next((path for name in names if (path := shutil.which(name))), None)


def _skipped(names: Iterable[StepName], why: str, environment: str = "") -> Iterator[Step]:
    return (Step(name, "skipped", why, environment=environment) for name in names)


def _copy(texts: Mapping[str, str], folder: Path | None, root: Path) -> None:
    if folder is not None:
        shutil.copytree(folder, root, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    root.mkdir(exist_ok=True)
    for path, text in texts.items():
        parts = PurePosixPath(path)
        if parts.is_absolute() or ".." in parts.parts:
            raise ValueError(f"{path} leads out of the module")
        target = root / parts
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())
    for name in surroundings.archives(texts):
        target = root / name
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(surroundings.EMPTY_ARCHIVE)


class _Ladder:
    """One run of the steps in one scratch folder."""

    def __init__(self, binary: str, root: Path, project: Project, options: LadderOptions) -> None:
        self.binary = binary
        self.root = root
        self.module: Module = project.root
        self.options = options
        self.endpoint = "http://127.0.0.1:1"  # Nobody answers there: a step without an emulator must not find one.

    def steps(self, wanted: Sequence[StepName]) -> Iterator[Step]:
        if not self.options.allow_real:
            for name, text in surroundings.settings(self.module).items():
                (self.root / name).write_text(text, "utf-8")
        step = self._init()
        yield step
        if step.status != "passed":
            yield from _skipped(wanted[1:], f"init {step.status}")
            return
        if len(wanted) > 1:
            step = self._validate()
            yield step
            if step.status != "passed":
                yield from _skipped(wanted[2:], "validate failed")
                return
        if len(wanted) > 2:
            yield from self._on_an_account(wanted[2:])

    def _on_an_account(self, wanted: Sequence[StepName]) -> Iterator[Step]:
        with ExitStack() as stack:
            emulator: Emulator | None = None
            if not self.options.allow_real:
                if self.options.emulator is None:
                    yield from _skipped(wanted, "no emulator is asked for")
                    return
                if self.options.emulator == "auto":
                    self.options.progress("starting the AWS emulator")
                    try:
                        emulator = stack.enter_context(Emulator())
                    except EmulatorError as error:
                        yield from _skipped(wanted, str(error))
                        return
                self.endpoint = emulator.url if emulator else self.options.emulator
            for environment in self._environments():
                yield from self._environment(environment, wanted)
                if emulator is not None:
                    emulator.reset()

    def _environments(self) -> list[str]:
        """The environments with a tfvars file that Terraform does not load by itself; one empty name without any."""
        return list(environment_files(self.module, self.options.environments)) or [""]

    def _environment(self, name: str, wanted: Sequence[StepName]) -> Iterator[Step]:
        values = [f"-var-file={environment_files(self.module, [name])[name].path}"] if name else []
        made_up = self._supply(name)
        step = self._changes("plan", ["plan", "-out=tapfix.plan", *values], name)
        if made_up and step.status == "passed":
            step = step._replace(detail=f"{step.detail}; values were made up for {', '.join(sorted(made_up))}")
        yield step
        if step.status != "passed" or "apply" not in wanted:
            yield from _skipped(wanted[1:], "plan failed", name)
            return
        applied = self._changes("apply", ["apply", "-auto-approve", *values], name)
        yield applied
        if "replan" in wanted:
            if applied.status == "passed":
                yield self._again(values, name)
            else:
                yield from _skipped(["replan"], "apply failed", name)
        # What was applied must be destroyed, even if the last step is not wanted.
        destroyed = self._destroy(values, name)
        if "destroy" in wanted:
            yield destroyed
        for left in self.root.glob("terraform.tfstate*"):
            left.unlink()

    def _supply(self, environment: str) -> dict[str, Any]:
        """Write values for variables that no file sets. After the cheap steps passed, only sensitive ones are left."""
        given = {
            name
            for f in self.module.tfvars
            if is_automatic(self.module, f) or f in environment_files(self.module, [environment]).values()
            for name in f.attributes
        }
        given |= {name.removeprefix("TF_VAR_") for name in os.environ if name.startswith("TF_VAR_")}
        made_up = surroundings.values(self.module, given)
        surroundings.write_values(self.root, made_up)
        return made_up

    # --- the steps ----------------------------------------------------------------------------------------------

    def _init(self) -> Step:
        outcome = self._run("init", "-input=false", "-no-color")
        if outcome.code == 0:
            return self._step("init", outcome, "", ())
        if _NOT_AT_HAND.search(outcome.output):
            return self._step(
                "init", outcome, "the provider is not at hand: no registry and no mirror that has it", (), "skipped"
            )
        return self._step("init", outcome, "", (_plain_problem("init", outcome),))

    def _validate(self) -> Step:
        outcome = self._run("validate", "-json")
        return self._step("validate", outcome, "", self._problems("validate", outcome))

    def _changes(self, name: StepName, command: list[str], environment: str) -> Step:
        outcome = self._run(*command, "-json", "-input=false")
        summary = next((e for e in reversed(outcome.events) if e.get("type") == "change_summary"), None)
        detail = str(summary["@message"]) if summary else ""
        return self._step(name, outcome, detail, self._problems(name, outcome))._replace(environment=environment)

    def _again(self, values: list[str], environment: str) -> Step:
        """The second plan, which must be empty."""
        outcome = self._run("plan", "-json", "-input=false", "-detailed-exitcode", *values)
        if outcome.code != 2:
            return self._step("replan", outcome, "", self._problems("replan", outcome))._replace(
                environment=environment
            )
        problems = tuple(
            Problem(
                "replan", "not-settled", f"a second plan wants to {change['action']} it", change["resource"]["addr"]
            )
            for event in outcome.events
            if event.get("type") == "planned_change" and (change := event["change"])["action"] != "no-op"
        )
        return self._step("replan", outcome, "", problems)._replace(environment=environment)

    def _destroy(self, values: list[str], environment: str) -> Step:
        step = self._changes("destroy", ["apply", "-destroy", "-auto-approve", *values], environment)
        listed = self._run("state", "list")
        left = [
            address for address in listed.output.split() if not address.startswith("data.") and ".data." not in address
        ]
        if listed.code or not left:
            return step
        problems = tuple(Problem("destroy", "left-behind", "is still there after destroy", address) for address in left)
        return step._replace(
            status="failed", problems=step.problems + problems, detail=_detail(step.problems + problems)
        )

    def _step(
        self,
        name: StepName,
        outcome: CommandResult,
        detail: str,
        problems: tuple[Problem, ...],
        status: str | None = None,
    ) -> Step:
        if outcome.timed_out:
            problems = (
                Problem(name, "timed-out", f"{name} took more than {self.options.timeout:.0f} seconds", ""),
                *problems,
            )
        elif outcome.code and not problems and status is None and not (name == "replan" and outcome.code == 2):
            problems = (_plain_problem(name, outcome),)
        if status == "skipped":
            return Step(name, "skipped", detail, (), "", outcome.output, outcome.seconds)
        failed = any(problem.severity == "error" for problem in problems)
        found = _detail(problems) if failed else detail
        return Step(name, "failed" if failed else "passed", found, problems, "", outcome.output, outcome.seconds)

    def _problems(self, name: StepName, outcome: CommandResult) -> tuple[Problem, ...]:
        return tuple(_problem(name, diagnostic) for diagnostic in outcome.diagnostics)

    # --- running ------------------------------------------------------------------------------------------------

    def _run(self, *arguments: str) -> CommandResult:
        """Run the binary to its end or to the time limit. Reports each applied resource to `progress`."""
        command = "destroy" if "-destroy" in arguments else arguments[0]
        self.options.progress(f"{Path(self.binary).name} {command}")
        start = time.monotonic()
        process = subprocess.Popen(
            [self.binary, *arguments],
            cwd=self.root,
            env=self._environment_variables(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            _end(process)

        timer = threading.Timer(self.options.timeout, expire)
        timer.start()
        lines: list[str] = []
        events: list[dict[str, Any]] = []
        try:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line)
                event = _event(line)
                if event is not None:
                    events.append(event)
                    if event.get("type") in ("apply_complete", "apply_errored"):
                        self.options.progress(str(event.get("@message", "")))
            process.wait()
        finally:
            timer.cancel()
            _end(process)
        output = "".join(lines)
        return CommandResult(
            process.returncode,
            output[-MAX_OUTPUT:],
            tuple(_diagnostics(output, events)),
            tuple(events),
            time.monotonic() - start,
            expired.is_set(),
        )

    def _environment_variables(self) -> dict[str, str]:
        variables = {
            name: value for name, value in os.environ.items() if self.options.allow_real or not name.startswith("AWS_")
        }
        variables.update(TF_IN_AUTOMATION="1", CHECKPOINT_DISABLE="1", NO_COLOR="1")
        if not self.options.allow_real:
            nowhere = os.devnull
            variables.update(
                AWS_ACCESS_KEY_ID="test",
                AWS_SECRET_ACCESS_KEY="test",
                AWS_REGION="us-east-1",
                AWS_ENDPOINT_URL=self.endpoint,
                AWS_EC2_METADATA_DISABLED="true",
                AWS_CONFIG_FILE=nowhere,
                AWS_SHARED_CREDENTIALS_FILE=nowhere,
            )
        return variables


def _end(process: subprocess.Popen[str]) -> None:
    """End a process and its children."""
    if process.poll() is not None:
        return
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(5)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    except ProcessLookupError:
        pass


def _event(line: str) -> dict[str, Any] | None:
    """The event in a line of terraform's JSON output; None if it has none."""
    if not line.startswith("{"):
        return None
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "@message" in event else None


def _diagnostics(output: str, events: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The diagnostics of the output. `validate -json` prints one document, the other commands one event in a line."""
    found = [event["diagnostic"] for event in events if event.get("type") == "diagnostic"]
    if found:
        yield from found
        return
    try:
        document = json.loads(output[output.index("{") :])
    except ValueError:
        return
    if isinstance(document, dict):
        yield from document.get("diagnostics", ())


def _problem(step: StepName, diagnostic: Mapping[str, Any]) -> Problem:
    summary, detail = str(diagnostic.get("summary", "")), " ".join(str(diagnostic.get("detail", "")).split())
    place = diagnostic.get("range") or {}
    start, end = place.get("start") or {}, place.get("end") or {}
    address = str(diagnostic.get("address") or "")
    return Problem(
        step,
        _SUMMARY_WORD.sub("-", summary.lower()).strip("-")[:60],
        f"{summary}: {detail}" if detail else summary,
        address,
        str(place.get("filename", "")),
        int(start.get("byte", 0)),
        int(end.get("byte", 0)),
        int(start.get("line", 0)),
        int(start.get("column", 0)),
        "error" if diagnostic.get("severity") == "error" else "warning",
    )


def _plain_problem(step: StepName, outcome: CommandResult) -> Problem:
    """The problem of a command without diagnostics, from its output."""
    chunks = re.split(r"^\W*Error: ", outcome.output, flags=re.MULTILINE)[1:] or [outcome.output[-500:]]
    said = " ".join(re.sub(r"[│╷╵]", " ", chunks[0]).split())
    return Problem(step, "terraform", said[:600] or f"{step} ended with code {outcome.code}", "")


def _detail(problems: Sequence[Problem]) -> str:
    errors = [str(problem) for problem in problems if problem.severity == "error"]
    return "; ".join(errors[:3]) + (f"; and {len(errors) - 3} more" if len(errors) > 3 else "")
