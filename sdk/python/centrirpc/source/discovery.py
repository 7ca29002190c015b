"""Imports the modules that hold an application's handlers."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
import traceback
from types import ModuleType

from .problem import HandlerError, Problem

__all__ = ["load", "setup_django"]

# Modules of a package that hold no handlers, and may not bear being imported.
_SKIPPED = {"__main__", "conftest", "migrations", "test", "tests"}


def setup_django(settings: str) -> list[Problem]:
    """Make Django ready with the settings of that module path."""
    os.environ["DJANGO_SETTINGS_MODULE"] = settings
    try:
        import django  # type: ignore[import-not-found,import-untyped,unused-ignore]

        django.setup()
    except (Exception, SystemExit) as error:
        return [_import_problem(f"the Django settings {settings}", error)]
    return []


def load(target: str) -> tuple[ModuleType | None, list[Problem]]:
    """Import a module, a package with all its modules, or a Django app by name or label.

    Tests and migrations of a package are left out. What cannot be imported is a problem.
    """
    name = _app_module(target)
    problems: list[Problem] = []
    module = _import(name, problems)
    if module is not None and hasattr(module, "__path__"):
        _import_submodules(module, problems)
    return module, problems


def _import_submodules(package: ModuleType, problems: list[Problem]) -> None:
    for found in sorted(pkgutil.iter_modules(package.__path__), key=lambda found: found.name):
        if found.name in _SKIPPED or found.name.startswith("test_"):
            continue
        module = _import(f"{package.__name__}.{found.name}", problems)
        if module is not None and found.ispkg:
            _import_submodules(module, problems)


def _import(name: str, problems: list[Problem]) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except HandlerError as error:
        problems += error.problems
    except (Exception, SystemExit) as error:
        problems.append(_import_problem(name, error))
    return None


def _app_module(target: str) -> str:
    """The module of a Django app, if Django is set up and the target is one of its apps."""
    registry = getattr(sys.modules.get("django.apps"), "apps", None)
    if registry is not None and registry.ready:
        for config in registry.get_app_configs():
            if target in (config.label, config.name):
                return str(config.name)
    return target


def _import_problem(what: str, error: BaseException) -> Problem:
    """Why an import failed, at the line of the user's code that failed."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "importlib" not in frame.filename and frame.filename != __file__
    ]
    file, line = (frames[-1].filename, frames[-1].lineno or 0) if frames else ("", 0)
    if isinstance(error, SyntaxError) and error.filename:
        file, line = error.filename, error.lineno or 0
    reason = f"{type(error).__name__}: {error}"
    fix = ""
    if isinstance(error, ModuleNotFoundError) and error.name and what.startswith(error.name):
        fix = "run this in the folder it is in, or put that on PYTHONPATH"
        if what.endswith(".py") or "/" in what:
            fix = f"write {what.removesuffix('.py').strip('./').replace('/', '.')}"
    return Problem(f"cannot import {what}: {reason}", fix, file=file, line=line)
