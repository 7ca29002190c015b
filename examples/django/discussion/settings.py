"""Settings, from the environment where deployments differ."""

import os
from pathlib import Path

from django.core.management.utils import get_random_secret_key

FOLDER = Path(__file__).resolve().parent.parent

# Nothing here is signed, so that a key of each process's own will do.
SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY") or get_random_secret_key()
DEBUG = os.environ.get("DJANGO_DEBUG") == "1"
ALLOWED_HOSTS = os.environ.get("DJANGO_ALLOWED_HOSTS", "127.0.0.1,localhost").split(",")

ROOT_URLCONF = "discussion.urls"
ASGI_APPLICATION = "discussion.asgi.application"
WSGI_APPLICATION = "discussion.wsgi.application"
INSTALLED_APPS = ["centrirpc.django", "comments"]
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware"]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("DJANGO_DB") or FOLDER / "comments.db",
        # A transaction that reads before it writes has to wait for others at its beginning.
        "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE"},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"  # the log's, too

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}

# Who sends it may call as any user: the Go server, or Centrifugo. Django's checks ask for it,
# those of migrate included; centrirpc export does without it.
CENTRIRPC = {"SECRET": os.environ.get("CENTRIRPC_PROXY_SECRET")}

# Of one task; more are refused.
MAX_COMMENTS = int(os.environ.get("MAX_COMMENTS", "500"))
