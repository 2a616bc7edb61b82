"""The command dermc-dask: compile and evaluate on a cluster of Dask's."""

import argparse
import pathlib
import subprocess
import sys
from typing import Any, Dict, List, NoReturn, Sequence, Tuple

from .. import _program
from .._program import CommandError

_EPILOG = """All other options are those of dermc compile or dermc eval: --preprocess FILE, --mean 0.485,0.456,0.406, ..."""

_EXAMPLES = """examples:
  dermc-dask compile model.onnx --calib /data/calib --eval data/val --scheduler tcp://head:8786
  dermc-dask evaluate model.derm s3://bucket/val --against model.onnx --scheduler tcp://head:8786
"""


class _Parser(argparse.ArgumentParser):
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
    for command in (compile, evaluate):
        command.add_argument("--shards", type=int, metavar="N", help="parts; about 256 files each unless given")
        command.add_argument(
            "--parts", metavar="DIR", help="where finished parts are kept, and taken up again; beside the model unless given"
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
    from . import _jobs

    options = passed_on(rest)
    settings = _jobs.Settings(
        arguments.scheduler, arguments.shards, arguments.parts, arguments.threads, not arguments.quiet, arguments.retries,
        arguments.patience, storage_options(arguments.storage_option),
    )
    if arguments.command == "compile":
        bundle = pathlib.Path(arguments.output or pathlib.Path(arguments.model).with_suffix(".derm"))
        _jobs.finish_compile(_shown, arguments.model, arguments.calib, bundle, arguments.eval, settings, options)
    else:
        json: Tuple[str, ...] = ("--json",) if arguments.json else ()
        _jobs.finish_evaluate(
            lambda words: _shown([*words, *json]), arguments.model, arguments.data, arguments.against, settings, options
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
        print(f"dermc-dask: {error}: pip install 'dermc[distributed]'", file=sys.stderr)
        sys.exit(3)
    except (OSError, RuntimeError) as error:
        print(f"dermc-dask: {error}", file=sys.stderr)
        sys.exit(3)
    except KeyboardInterrupt:
        print("dermc-dask: interrupted; parts that are finished are kept", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
