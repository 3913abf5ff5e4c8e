"""An AWS emulator for the proof: moto's server, on loopback, for as long as the proof runs.

As a program (`python -m tapfix.verify.emulator -H 127.0.0.1 -p PORT`) it is moto's server, corrected where moto is
stricter than AWS, or where a second plan would find changes that do not exist.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from types import TracebackType
from typing import Any, Final, Self

START_SECONDS: Final = 60.0
_RUN: Final = "import runpy, sys; runpy.run_path(sys.argv.pop(1), run_name='__main__')"
"""Runs this file by its path, because the interpreter that has moto need not have tapfix. As a script it would not
work: its folder would come first on `sys.path`, and `types.py` in it would replace Python's own module."""


class EmulatorError(Exception):
    """There is no emulator, or it does not start. The message says what to do."""


def python_with_moto() -> str | None:
    """An interpreter that has moto's server: this one, or the one of a `moto_server` on the PATH."""
    if importlib.util.find_spec("moto") and importlib.util.find_spec("flask"):
        return sys.executable
    script = shutil.which("moto_server")
    if script is None:
        return None
    beside = os.path.join(os.path.dirname(os.path.realpath(script)), "python")
    return beside if os.path.exists(beside) else None


class Emulator:
    """A server on a free port of loopback: `with Emulator() as emulator: …`. Its address is `emulator.url`."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def __enter__(self) -> Self:
        python = python_with_moto()
        if python is None:
            raise EmulatorError("no AWS emulator: install moto[server], or name a running one")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._process = subprocess.Popen(
            [python, "-c", _RUN, os.path.abspath(__file__), "-H", "127.0.0.1", "-p", str(port)],
            cwd=os.sep,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise EmulatorError("the AWS emulator ended as it started: is moto installed with its server extra?")
            try:
                socket.create_connection(("127.0.0.1", port), 0.3).close()
            except OSError:
                time.sleep(0.2)
            else:
                return self
        self.close()
        raise EmulatorError(f"the AWS emulator did not start in {START_SECONDS:.0f} seconds")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def reset(self) -> None:
        """Delete all resources, so that the next environment starts in an empty account."""
        request = urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")
        with urllib.request.urlopen(request, timeout=60):
            pass

    def close(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None


def _mend() -> None:
    """Correct moto where it differs from AWS and the difference would mislead the proof."""
    import moto.backup.urls
    import moto.rds.utils
    from moto.backup.responses import BackupResponse
    from moto.ec2.models.launch_templates import LaunchTemplateBackend
    from moto.rds.models import DBInstance

    # AWS allows a backup window to end in the minute in which the maintenance window begins. moto calls that an
    # overlap.
    overlap = moto.rds.utils.get_overlap_between_two_date_ranges
    moto.rds.utils.get_overlap_between_two_date_ranges = lambda *ranges: overlap(*ranges) or -1

    # AWS keeps the tags of a launch template apart from the tag specifications in its data. moto adds them to these,
    # and every later plan wants to remove them.
    create = LaunchTemplateBackend.create_launch_template

    def create_launch_template(self: Any, name: str, description: str, data: dict[str, Any], tags: Any) -> Any:
        own = [spec for spec in data.pop("TagSpecifications", []) if spec.get("ResourceType") != "launch-template"]
        if own:
            data["TagSpecifications"] = own
        return create(self, name, description, data, tags)

    LaunchTemplateBackend.create_launch_template = create_launch_template

    # Each database has its own resource id, by which the provider finds it. moto gives the same id to all.
    make = DBInstance.__init__

    def __init__(self: Any, *arguments: Any, **named: Any) -> None:
        make(self, *arguments, **named)
        digest = hashlib.sha1(self.db_instance_arn.encode(), usedforsecurity=False).digest()
        self.dbi_resource_id = "db-" + base64.b32encode(digest).decode()[:26]

    DBInstance.__init__ = __init__

    # With `force_destroy` the provider asks for the recovery points of a backup vault before it deletes the vault, and
    # repeats the question until it gets an answer. moto has no recovery points, so the answer is an empty list.
    def list_recovery_points_by_backup_vault(self: Any) -> str:
        return json.dumps({"RecoveryPoints": []})

    BackupResponse.list_recovery_points_by_backup_vault = list_recovery_points_by_backup_vault
    moto.backup.urls.url_paths["{0}/backup-vaults/(?P<name>[^/]+)/recovery-points/?$"] = (
        moto.backup.urls.response.dispatch
    )


if __name__ == "__main__":
    from moto.server import main

    _mend()
    main(sys.argv[1:])
