# `from interbind cimport shared`, or the names of `interbind/shared.pxd` themselves.
from interbind.shared cimport *
