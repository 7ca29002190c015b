"""URLs: the one that the Go server asks."""

from django.urls import include, path

urlpatterns = [path("", include("centrirpc.django.urls"))]  # the endpoint is /rpc
