"""``manage.py centrirpc``: the project's contract, and clients generated of it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from centrirpc.source import HandlerError, default_registry, describe
from centrirpc.source.exported import export_text, is_stale, write_export

__all__ = ["Command"]

_MISSING = (
    "the command {0!r} is not there: install it with "
    '"go install github.com/centrirpc/centrirpc/cmd/centrirpc@latest", '
    "or say where it is with --centrirpc"
)


class Command(BaseCommand):
    """Exports what the project's handlers offer, or generates clients of it.

    Exit codes: 1 if ``--check`` found files stale, 2 for any other error, and then nothing is
    written.
    """

    help = "Export the contract of the project's RPC handlers, or generate typed clients."
    requires_system_checks = ()  # a build need not know the secret

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the commands ``export`` and ``generate``."""
        commands = parser.add_subparsers(dest="action", required=True, metavar="COMMAND")
        export = commands.add_parser("export", help="write the contract's source as JSON")
        export.add_argument("-o", "--output", metavar="FILE", help="default: standard output")
        generate = commands.add_parser("generate", help="generate typed clients")
        generate.add_argument("-o", "--output", metavar="DIR", required=True)
        generate.add_argument(
            "--centrirpc", metavar="PATH", default="centrirpc", help="the generator, if not on PATH"
        )
        generate.add_argument("--lang", metavar="LIST", help="typescript,python,go (default: all)")
        generate.add_argument("--go-module", metavar="PATH", help="a module for the Go client")
        generate.add_argument("--ts-validate", action="store_true", help="add Valibot schemas")
        for command in (export, generate):
            command.add_argument("--name", help="of the API; default: the project's package")
            command.add_argument(
                "--check", action="store_true", help="write nothing; exit with 1 if stale"
            )

    def handle(self, *_: Any, **options: Any) -> None:
        """Run the command. Raises ``CommandError``."""
        text = _described(options["name"] or _project())
        if options["action"] == "generate":
            _generate(text, options)
        else:
            self._export(text, options)

    def _export(self, text: str, options: dict[str, Any]) -> None:
        if not options["output"]:
            if options["check"]:
                raise CommandError("--check needs -o FILE, the file to check", returncode=2)
            self.stdout.write(text, ending="")
            return
        path = Path(options["output"])
        try:
            if not options["check"]:
                write_export(path, text)
            elif is_stale(path, text):
                reason = f"{path} is stale: run the command without --check"
                raise CommandError(reason, returncode=1)
        except OSError as error:
            raise CommandError(f"cannot write {path}: {error.strerror}", returncode=2) from error


def _described(name: str) -> str:
    try:
        return export_text(describe(default_registry, name))
    except HandlerError as error:
        raise CommandError("\n".join(map(str, error.problems)), returncode=2) from error


def _project() -> str:
    """A name for the API: the package that the project's URLs are in."""
    package = str(getattr(settings, "ROOT_URLCONF", "") or "app").partition(".")[0]
    return re.sub(r"[^a-z0-9_]", "_", package.lower())


def _generate(text: str, options: dict[str, Any]) -> None:
    program = shutil.which(options["centrirpc"])
    if program is None:
        raise CommandError(_MISSING.format(options["centrirpc"]), returncode=2)
    arguments = ["-o", options["output"]]
    for flag in ("lang", "go_module"):
        if options[flag]:
            arguments += [f"-{flag.replace('_', '-')}", options[flag]]
    arguments += [
        f"-{flag.replace('_', '-')}" for flag in ("check", "ts_validate") if options[flag]
    ]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "source.json")
        source.write_text(text, "utf-8")
        sys.stdout.flush()
        done = subprocess.run([program, "generate", str(source), *arguments], check=False)
    if done.returncode:
        reason = f"centrirpc generate ended with exit code {done.returncode}"
        raise CommandError(reason, returncode=done.returncode)
