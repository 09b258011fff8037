# Classes of the module's own.
from surface cimport born, died, fill
from surface cimport CArray, CFlags, CNested, CPackedTail, CPoint2d, CScalars

cdef class Point2d:
    cdef CPoint2d value

    def __cinit__(self, data):
        born()
        fill(self.value, data)

    def __dealloc__(self):
        died()

cdef class Nested:
    cdef CNested value

    def __cinit__(self, data):
        born()
        fill(self.value, data)

    def __dealloc__(self):
        died()

cdef class PackedTail:
    cdef CPackedTail value

    def __cinit__(self, data):
        born()
        fill(self.value, data)

    def __dealloc__(self):
        died()

cdef class Scalars:
    cdef CScalars value

    def __cinit__(self, data):
        born()
        fill(self.value, data)

    def __dealloc__(self):
        died()

cdef class Array:
    cdef CArray value

    def __cinit__(self, data):
        born()
        fill(self.value, data)

    def __dealloc__(self):
        died()

cdef class Flags:
    cdef CFlags value

    def __cinit__(self, data):
        born()
        fill(self.value, data)

    def __dealloc__(self):
        died()
