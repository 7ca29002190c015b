"""A Django project in one file: its settings, its URLs, its ASGI application, its commands."""

import os
import sys

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.management import execute_from_command_line
from django.urls import include, path

settings.configure(
    ROOT_URLCONF="manage",
    INSTALLED_APPS=["centrirpc.django"],
    CENTRIRPC={"SECRET": os.environ.get("SECRET"), "HANDLERS": ["handlers"]},
)
urlpatterns = [path("", include("centrirpc.django.urls"))]

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
else:
    application = get_asgi_application()
