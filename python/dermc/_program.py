"""Calling the program dermc."""

import json
import os
import pathlib
import shutil
import subprocess
from typing import Any, Dict, List, Optional, Tuple, Type


class CommandError(RuntimeError):
    """dermc ended with an error; the message is what it said. `exit_code` tells the kind (docs: "Exit codes")."""

    def __init__(self, exit_code: int, message: str) -> None:
        super().__init__(message)
        self.exit_code = exit_code

    def __reduce__(self) -> Tuple[Type["CommandError"], Tuple[int, str]]:
        return type(self), (self.exit_code, str(self))


def path() -> str:
    """The program in this package, the one that DERMC names, or the first on PATH."""
    inside = pathlib.Path(__file__).with_name("bin") / "dermc"
    found = os.environ.get("DERMC") or (os.fspath(inside) if inside.exists() else shutil.which("dermc"))
    if not found:
        raise FileNotFoundError("the program dermc is not there: install a dermc wheel, or name it in DERMC")
    return found


def options(given: Dict[str, Any]) -> List[str]:
    """Keyword arguments as options: `target_ratio=10` is `--target-ratio 10`, `int8=True` is `--int8`.

    None and False are left out. A list gives the option once for each of its elements.
    """
    arguments: List[str] = []
    for name, value in given.items():
        option = "--" + name.replace("_", "-")
        if value is None or value is False:
            continue
        if value is True:
            arguments.append(option)
        elif isinstance(value, (list, tuple)):
            for element in value:
                arguments += [option, _text(element)]
        else:
            arguments += [option, _text(value)]
    return arguments


def _text(value: Any) -> str:
    return os.fspath(value) if isinstance(value, os.PathLike) else str(value)


def run(arguments: List[Any], allowed: int = 0) -> "subprocess.CompletedProcess[str]":
    """Runs the program without a word on the terminal.

    Args:
        allowed: an exit code besides 0 that is an answer.
    """
    finished = subprocess.run(
        [path(), *map(_text, arguments)], stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace"
    )
    if finished.returncode not in (0, allowed):
        said = finished.stderr.strip() or f"dermc ended with {finished.returncode} and said nothing"
        raise CommandError(finished.returncode, said)
    return finished


def document(arguments: List[Any]) -> Any:
    """What the program prints as JSON."""
    return json.loads(run([*arguments, "--json"]).stdout)


def report_path(model: Any, output: Optional[Any]) -> pathlib.Path:
    """Where `compile` writes its report."""
    bundle = pathlib.Path(output if output is not None else model)
    return bundle.with_suffix(".report.json")
