# The provider's classes: the import of this module imports the provider, and compares the sizes of objects.
from cython_provider cimport Array, Flags, Nested, PackedTail, Point2d, Scalars
