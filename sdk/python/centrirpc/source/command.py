"""``python -m centrirpc export``: writes what an application's handlers offer to a file."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import sys
from collections.abc import Sequence
from inspect import cleandoc
from pathlib import Path

from .discovery import load, module_name, setup_django
from .export import describe
from .exported import export_text, is_stale, write_export
from .problem import HandlerError, Problem, collecting
from .registry import Registry, default_registry

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with its arguments, by default those of the process.

    Returns the exit code: 0; 1 if ``--check`` found the file stale; 2 if there was an error,
    and then nothing is written.
    """
    options = _parser().parse_args(arguments)
    try:
        text = _export(options)
    except HandlerError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return 2
    try:
        return _deliver(text, options)
    except OSError as error:
        print(f"cannot write {options.output}: {error.strerror}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m centrirpc")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    export = commands.add_parser(
        "export",
        help="describe the handlers of an application as JSON, for centrirpc generate",
        description="Imports the modules and describes the handlers they register as JSON. "
        "Exit code 2 if anything is wrong: then all of it is listed and nothing is written.",
    )
    export.add_argument(
        "modules",
        nargs="+",
        metavar="MODULE",
        help="a module, a package (its modules are imported too) or a Django app",
    )
    export.add_argument("-o", "--output", metavar="FILE", help="by default the standard output")
    export.add_argument("--name", help="of the API; by default the first module's top package")
    export.add_argument(
        "--registry", metavar="MODULE:NAME", help="a registry other than the default one"
    )
    export.add_argument(
        "--django-settings", metavar="MODULE", help="set Django up with these settings first"
    )
    export.add_argument(
        "--check", action="store_true", help="write nothing; exit code 1 if FILE is stale"
    )
    export.set_defaults(parser=export)
    return parser


def _export(options: argparse.Namespace) -> str:
    if options.check and not options.output:
        options.parser.error("--check needs -o FILE, the file to check")
    # The modules may print; the standard output is for the JSON.
    with contextlib.redirect_stdout(sys.stderr):
        registry, doc, problems = _load(options)
        if not problems and not list(registry) and not registry.channels():
            fix = "name the modules that use @websocket_rpc, or their --registry"
            modules = ", ".join(options.modules)
            problems.append(Problem(f"no handlers are registered by {modules}", fix))
        name = options.name or module_name(options.modules[0]).partition(".")[0].lower()
        try:
            described = describe(registry, name, doc)
        except HandlerError as error:
            problems += error.problems
    if problems:
        raise HandlerError(problems)
    return export_text(described)


def _load(options: argparse.Namespace) -> tuple[Registry, str, list[Problem]]:
    """Import the modules: their registry, the first one's docstring, and what is wrong."""
    registry, doc = default_registry, ""
    problems: list[Problem] = []
    with collecting() as refused:
        if options.django_settings:
            problems += setup_django(options.django_settings)
        if not problems and options.registry:
            try:
                registry = _registry(options.registry)
            except HandlerError as error:
                problems += error.problems
        for number, target in enumerate(() if problems else options.modules):
            module, wrong = load(target)
            problems += wrong
            if number == 0 and module is not None:
                doc = cleandoc(module.__doc__ or "").strip()
    return registry, doc, problems + refused


def _registry(path: str) -> Registry:
    module, _, name = path.partition(":")
    try:
        registry = getattr(importlib.import_module(module), name)
    except (Exception, SystemExit) as error:
        reason = f"cannot import the registry {path}: {error}"
        raise HandlerError([Problem(reason, "write MODULE:NAME")]) from error
    if not isinstance(registry, Registry):
        raise HandlerError([Problem(f"{path} is no Registry", "write MODULE:NAME of one")])
    return registry


def _deliver(text: str, options: argparse.Namespace) -> int:
    if not options.output:
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
        return 0
    output = Path(options.output)
    if not options.check:
        write_export(output, text)
        return 0
    if is_stale(output, text):
        print(f"{output} is stale: run the command without --check", file=sys.stderr)
        return 1
    return 0
