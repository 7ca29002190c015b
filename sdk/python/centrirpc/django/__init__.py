"""Handlers behind Centrifugo's RPC proxy, in a Django project under ASGI or WSGI.

A Django app: put ``"centrirpc.django"`` into ``INSTALLED_APPS``, a secret into the setting
``CENTRIRPC``, and ``include("centrirpc.django.urls")`` into the URLs. The modules ``handlers``
of all installed apps are imported when Django starts.
"""
