"""Imports the modules that hold an application's handlers."""

from __future__ import annotations

import importlib
import os
import pkgutil
import site
import sys
import sysconfig
import traceback
from pathlib import Path
from types import FrameType, ModuleType

from .problem import HandlerError, Problem

__all__ = ["load", "module_name", "setup_django"]

# Where code lies that is not the user's: Python's own, installed packages, this one.
_FOREIGN = tuple(
    str(Path(folder).resolve())
    for folder in {
        *(sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib")),
        *site.getsitepackages(),
        site.getusersitepackages(),
        str(Path(__file__).parents[1]),
    }
)

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
    if name.startswith(".") or "/" in name or os.sep in name:  # a file, or a relative name
        fix = f"write {module_name(name)}" if module_name(name) else _HOW
        problems.append(Problem(f"{name} is a path, not the name of a module", fix))
        return None, problems
    module = _import(name, problems)
    if module is not None and hasattr(module, "__path__"):
        _import_submodules(module, problems)
    return module, problems


_HOW = "run this in the folder it is in, or put that on PYTHONPATH"


def module_name(target: str) -> str:
    """The module that a file is, seen from the current folder: ``./shop.py`` is ``shop``.

    The target itself if it is a module's name already; empty if the file is not below.
    """
    if not (target.startswith(".") or "/" in target or os.sep in target):
        return target
    path = Path(os.path.relpath(target)) if "/" in target or os.sep in target else Path(target[1:])
    parts = list(path.with_suffix("").parts if path.suffix == ".py" else path.parts)
    if parts and parts[-1] == "__init__":
        parts.pop()
    name = ".".join(parts)
    return name if all(part.isidentifier() for part in name.split(".")) else ""


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
    file, line = _place(what, error)
    if isinstance(error, SyntaxError) and error.filename:
        file, line = error.filename, error.lineno or 0
    reason = f"{type(error).__name__}: {error}"
    fix = ""
    if isinstance(error, ModuleNotFoundError) and error.name and what.startswith(error.name):
        fix = f"write {what.removesuffix('.py')}" if what.endswith(".py") else _HOW
    return Problem(f"cannot import {what}: {reason}", fix, file=file, line=line)


def _place(what: str, error: BaseException) -> tuple[str, int]:
    """The innermost line of the user's code that the error came through.

    A library in which it was raised says less: a wrong model fails inside of Pydantic.
    """
    place = ("", 0)
    for frame, line in traceback.walk_tb(error.__traceback__):
        if _is_users(frame, what):
            place = (frame.f_code.co_filename, line)
    return place


def _is_users(frame: FrameType, what: str) -> bool:
    """Whether the code is of the module that is imported, or lies with no library."""
    module = str(frame.f_globals.get("__name__", ""))
    if module.partition(".")[0] == what.partition(".")[0]:
        return True
    file = frame.f_code.co_filename
    if not os.path.isabs(file):  # "<frozen importlib._bootstrap>"
        return False
    path = Path(file).resolve()
    return not any(path.is_relative_to(folder) for folder in _FOREIGN)
