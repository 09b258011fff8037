# The provider: the zoo's types as `cdef` classes, which are declared in `cython_provider.pxd`.
from surface cimport born, build, bytes_of, died, fill, living, mutation, CPoint2d, CNested, CPackedTail, CScalars, CArray, CFlags

cdef class Point2d:
    def __cinit__(self, data):
        born()
        fill(self.value, data)

    def __dealloc__(self):
        died()

cdef class Nested:
    def __cinit__(self, data):
        born()
        fill(self.value, data)

    def __dealloc__(self):
        died()

cdef class PackedTail:
    def __cinit__(self, data):
        born()
        fill(self.value, data)

    def __dealloc__(self):
        died()

cdef class Scalars:
    def __cinit__(self, data):
        born()
        fill(self.value, data)

    def __dealloc__(self):
        died()

cdef class Array:
    def __cinit__(self, data):
        born()
        fill(self.value, data)

    def __dealloc__(self):
        died()

cdef class Flags:
    def __cinit__(self, data):
        born()
        fill(self.value, data)

    def __dealloc__(self):
        died()

def identity():
    return {"build": build().decode(), "role": "provider", "mutation": mutation().decode()}

def live():
    return {"objects": living()}

def drop_all():
    pass

def make(type, data):
    return CLASSES[type](data)

def peek_point2d(Point2d one not None):
    return bytes_of(one.value)

def peek_nested(Nested one not None):
    return bytes_of(one.value)

def peek_packed_tail(PackedTail one not None):
    return bytes_of(one.value)

def peek_scalars(Scalars one not None):
    return bytes_of(one.value)

def peek_array(Array one not None):
    return bytes_of(one.value)

def peek_flags(Flags one not None):
    return bytes_of(one.value)

CLASSES = {"point2d": Point2d, "nested": Nested, "packed-tail": PackedTail, "scalars": Scalars, "array": Array, "flags": Flags}
PEEKS = {Point2d: peek_point2d, Nested: peek_nested, PackedTail: peek_packed_tail, Scalars: peek_scalars, Array: peek_array, Flags: peek_flags}

def peek(one):
    return PEEKS[one.__class__](one)
