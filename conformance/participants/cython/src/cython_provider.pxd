# The provider's classes, for modules that take them.
from surface cimport CPoint2d, CNested, CPackedTail, CScalars, CArray, CFlags

cdef class Point2d:
    cdef CPoint2d value

cdef class Nested:
    cdef CNested value

cdef class PackedTail:
    cdef CPackedTail value

cdef class Scalars:
    cdef CScalars value

cdef class Array:
    cdef CArray value

cdef class Flags:
    cdef CFlags value
