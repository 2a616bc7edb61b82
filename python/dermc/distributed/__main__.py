"""The command dermc-dask: compile, evaluate and sweep on a cluster of Dask's."""

import argparse
import dataclasses
import json
import pathlib
import subprocess
import sys
from typing import Any, Dict, List, NoReturn, Optional, Sequence, Tuple

from .. import _program
from .._program import CommandError

_EPILOG = """Other options, which come last, are those of dermc compile or dermc eval: --preprocess FILE, --samples 1000 ..."""

_EXAMPLES = """examples:
  dermc-dask compile model.onnx --calib /data/calib --eval data/val --scheduler tcp://head:8786
  dermc-dask evaluate model.derm s3://bucket/val --against model.onnx --scheduler tcp://head:8786
  dermc-dask sweep model.onnx --calib /data/calib --eval /data/val -o sweep --scheduler tcp://head:8786 \\
    --vary effort=fast,default --vary target_ratio=none,6,8,10
"""


class _Parser(argparse.ArgumentParser):
    """Options are whole words, since those that are not known are dermc's."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        raise CommandError(2, message)


def _parser() -> _Parser:
    parser = _Parser(
        prog="dermc-dask", description="Compiles, measures and sweeps on a cluster of Dask's: the bytes of one machine.",
        epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    compile = commands.add_parser("compile", help="compile a model to int8, calibrated on the cluster", epilog=_EPILOG)
    compile.add_argument("model", help="the float model: .onnx, .tflite or .derm")
    compile.add_argument("--calib", required=True, metavar="DATA", help="images: a path that every worker sees, or a URL")
    compile.add_argument("--eval", metavar="DATA", help="labelled data to measure on, here")
    compile.add_argument("-o", "--output", metavar="BUNDLE", help="where to write the bundle; beside the model unless given")
    evaluate = commands.add_parser("evaluate", help="measure a model on the cluster", epilog=_EPILOG)
    evaluate.add_argument("model", help="the bundle or model")
    evaluate.add_argument("data", help="labelled data: a path that every worker sees, or a URL")
    evaluate.add_argument("--against", metavar="MODEL", help="the model to compare with: the float original")
    evaluate.add_argument("--json", action="store_true", help="print JSON")
    sweep = commands.add_parser("sweep", help="compile by many recipes on the cluster", epilog=_EPILOG)
    sweep.add_argument("model", help="the float model: .onnx, .tflite or .derm")
    sweep.add_argument("--calib", required=True, metavar="DATA", help="images: a path that every worker sees, or a URL")
    sweep.add_argument("--eval", metavar="DATA", help="labelled data to measure on: likewise")
    sweep.add_argument("-o", "--output", default="sweep", metavar="DIR", help="for bundles and the table (default: sweep)")
    sweep.add_argument(
        "--vary", action="append", default=[], metavar="OPTION=A,B", help="values of an option, none for without it; several"
    )
    sweep.add_argument("--grid", metavar="FILE", help="the same as JSON: {\"effort\": [\"fast\", \"max\"]}, or a list of recipes")
    sweep.set_defaults(parts=None)
    for command in (compile, evaluate, sweep):
        command.add_argument("--shards", type=int, metavar="N", help="parts; about 256 files each unless given")
        if command is not sweep:
            command.add_argument(
                "--parts", metavar="DIR", help="where finished parts are kept, and taken up; beside the model unless given"
            )
        command.add_argument("--threads", type=int, default=1, help="threads of one task (default: 1)")
        _of_cluster(command)
    return parser


def _of_cluster(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--scheduler", metavar="ADDRESS", help="as tcp://head:8786; the processors of this machine unless given"
    )
    command.add_argument("--retries", type=int, default=3, help="how often a part may fail on workers (default: 3)")
    command.add_argument(
        "--patience", type=float, default=30, metavar="SECONDS",
        help="without a result after which parts are given to other workers, too (default: 30)",
    )
    command.add_argument(
        "--storage-option", action="append", default=[], metavar="NAME=VALUE", help="of fsspec, for a URL; several"
    )
    command.add_argument("-q", "--quiet", action="store_true", help="show no progress")


def passed_on(words: Sequence[str]) -> Dict[str, Any]:
    """Options of dermc as keyword arguments: `--mean 0.5 --strict` is `{"mean": "0.5", "strict": True}`."""
    options: Dict[str, Any] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("--") or word == "--":
            raise CommandError(2, f"{word}: is no option")
        name, equals, value = word[2:].partition("=")
        given: Any = value if equals else True
        if not equals and rest and not rest[0].startswith("--"):
            given = rest.pop(0)
        name = name.replace("-", "_")
        if name in options:
            known = options[name] if isinstance(options[name], list) else [options[name]]
            given = [*known, given]
        options[name] = given
    for name in ("samples", "seed"):
        if name in options:
            try:
                options[name] = int(options[name])
            except (TypeError, ValueError):
                raise CommandError(2, f"--{name} {options[name]}: expected a number") from None
    return options


def grid(words: Sequence[str], file: Optional[str]) -> Any:
    """What --vary or --grid asks for."""
    if file is not None:
        if words:
            raise CommandError(2, "--vary: --grid says it all; leave out one of them")
        try:
            return json.loads(pathlib.Path(file).read_text(encoding="utf-8"))
        except ValueError as error:
            raise CommandError(3, f"dermc: error: {file}: is no JSON: {error}") from None
    varied: Dict[str, List[Optional[str]]] = {}
    for word in words:
        name, equals, values = word.partition("=")
        if not equals:
            raise CommandError(2, f"--vary {word}: expected OPTION=A,B")
        name = name.strip("-").replace("-", "_")
        varied[name] = [None if value == "none" else value for value in values.split(",")]
    if not varied:
        raise CommandError(2, "sweep: nothing is varied: give --vary OPTION=A,B, or --grid FILE")
    return varied


def _row(row: Dict[str, Any]) -> None:
    """A line for a recipe."""
    if "refused" in row:
        print(f"{row['name']}: {row['refused']}", flush=True)
        return
    measured = [f"{name} {row[name]:.4f}" for name in ("kl", "agreement", "top1", "macro_f1") if row.get(name) is not None]
    print(f"{row['name']}: {row['bytes']:,} bytes, {row['ratio']:.1f} times smaller, {', '.join(measured)}", flush=True)


def storage_options(words: Sequence[str]) -> Dict[str, Any]:
    given: Dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise CommandError(2, f"--storage-option {word}: expected NAME=VALUE")
        given[name] = {"true": True, "false": False}.get(value, value)
    return given


def _shown(words: List[Any]) -> None:
    """Runs the program as if it had been called by itself."""
    ended = subprocess.run([_program.path(), *map(str, words)]).returncode
    if ended:
        sys.exit(ended)


def _run(arguments: argparse.Namespace, rest: Sequence[str]) -> None:
    from . import _jobs, _sweep

    options = passed_on(rest)
    settings = _jobs.Settings(
        arguments.scheduler, arguments.shards, arguments.parts, arguments.threads, not arguments.quiet, arguments.retries,
        arguments.patience, storage_options(arguments.storage_option),
    )
    if arguments.command == "compile":
        bundle = pathlib.Path(arguments.output or pathlib.Path(arguments.model).with_suffix(".derm"))
        _jobs.finish_compile(_shown, arguments.model, arguments.calib, bundle, arguments.eval, settings, options)
    elif arguments.command == "sweep":
        _sweep.Sweep(
            arguments.model, _sweep.recipes(grid(arguments.vary, arguments.grid)), arguments.calib, arguments.eval,
            pathlib.Path(arguments.output), dataclasses.replace(settings, progress=False), options, _row,
        ).run()
        print(f"written: {arguments.output}/sweep.csv")
    else:
        as_json: Tuple[str, ...] = ("--json",) if arguments.json else ()
        _jobs.finish_evaluate(
            lambda words: _shown([*words, *as_json]), arguments.model, arguments.data, arguments.against, settings, options
        )


def main() -> None:
    """Runs the command. Errors are a line, and the exit codes are dermc's."""
    try:
        _run(*_parser().parse_known_args())
    except CommandError as error:
        said = str(error)
        print(said if said.startswith("dermc: ") else f"dermc-dask: {said}", file=sys.stderr)
        sys.exit(error.exit_code if 0 < error.exit_code < 256 else 70)
    except ModuleNotFoundError as error:
        print(f"dermc-dask: {error}", file=sys.stderr)
        sys.exit(3)
    except (OSError, RuntimeError) as error:
        print(f"dermc-dask: {error}", file=sys.stderr)
        sys.exit(3)
    except KeyboardInterrupt:
        print("dermc-dask: interrupted; parts that are finished are kept", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
