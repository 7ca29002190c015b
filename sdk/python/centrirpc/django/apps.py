"""What Django knows this app by."""

from __future__ import annotations

from django.apps import AppConfig
from django.core import checks
from django.utils.module_loading import autodiscover_modules

from .checks import check_configuration
from .configuration import handler_modules

__all__ = ["CentrirpcConfig"]


class CentrirpcConfig(AppConfig):
    """The app ``centrirpc``: imports the projects' handlers and checks its settings."""

    name = "centrirpc.django"
    label = "centrirpc"
    verbose_name = "centrirpc"

    def ready(self) -> None:
        """Import the modules ``handlers`` of all apps, and those of the setting ``HANDLERS``."""
        checks.register(check_configuration, "centrirpc")
        autodiscover_modules("handlers")
        handler_modules()
