"""For ASGI servers: uvicorn discussion.asgi:application."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "discussion.settings")
application = get_asgi_application()
