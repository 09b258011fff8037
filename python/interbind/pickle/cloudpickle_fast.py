"""The name under which cloudpickle's functions were before 2.0, for old streams and old programs."""

from . import cloudpickle


def __getattr__(name):
    return getattr(cloudpickle, name)
