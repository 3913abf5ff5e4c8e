"""Compiles the tree, the loop and the patterns: the same files, with the types that the `.pxd` files beside them add.

tapfix does not need this. Where there is no compiler, the plain modules do the same. The wheel's build calls `compiled`
(docs/compiled.md). To get a compiled copy for tests or measurements:

    python -m tapfix.syntax.compiling FOLDER

puts a compiled copy of the package into FOLDER, for PYTHONPATH. Compiling needs Cython 3 and a C compiler.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

MODULES = ("matching", "tree", "loop")

_SETUP = """
from Cython.Build import cythonize
from setuptools import setup

setup(
    name="tapfix-compiled",
    packages=[],
    ext_modules=cythonize(
        {sources!r},
        language_level=3,
        compiler_directives={{"boundscheck": False, "annotation_typing": False}},
    ),
    script_args=["build_ext", "--inplace"],
)
"""


def compiled(package: Path, folder: Path) -> list[Path]:
    """Copy `package` (the folder `tapfix`) into `folder` and compile its hot modules there. Returns the extension
    modules.

    The list is empty if Cython or a compiler is missing or fails. Then the copy is plain Python.
    """
    copy = folder / "tapfix"
    shutil.copytree(
        package, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.pyd", "*.c")
    )
    script = folder / "compile_tapfix.py"
    script.write_text(_SETUP.format(sources=[f"tapfix/syntax/{name}.py" for name in MODULES]), encoding="utf-8")
    run = subprocess.run([sys.executable, script.name], cwd=folder, capture_output=True, text=True, check=False)
    script.unlink()
    found = [
        path
        for name in MODULES
        for path in sorted((copy / "syntax").glob(f"{name}.*"))
        if path.suffix in (".so", ".pyd")
    ]
    if run.returncode or len(found) < len(MODULES):
        for path in found:
            path.unlink()
        print(f"tapfix stays plain Python: {(run.stderr.strip() or 'no compiler').splitlines()[-1]}", file=sys.stderr)
        return []
    return found


def main() -> int:
    """Compile a copy of this package into the folder that the command names."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    found = compiled(Path(__file__).parents[1], Path(sys.argv[1]))
    for path in found:
        print(path)
    return 0 if found else 1


if __name__ == "__main__":
    raise SystemExit(main())
