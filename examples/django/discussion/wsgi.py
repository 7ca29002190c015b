"""For WSGI servers: gunicorn --threads 20 discussion.wsgi."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "discussion.settings")
application = get_wsgi_application()
