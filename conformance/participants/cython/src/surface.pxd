# The zoo in C++, and what each module counts.
cdef extern from "surface.hpp" namespace "zoo" nogil:
    cdef cppclass CPoint2d "zoo::Point2d":
        pass
    cdef cppclass CNested "zoo::Nested":
        pass
    cdef cppclass CPackedTail "zoo::PackedTail":
        pass
    cdef cppclass CScalars "zoo::Scalars":
        pass
    cdef cppclass CArray "zoo::Array":
        pass
    cdef cppclass CFlags "zoo::Flags":
        pass

cdef extern from "surface.hpp" namespace "surface":
    void born()
    void died()
    long living()
    long touches()
    const char *build()
    const char *mutation()
    int fill[T](T &value, object data) except -1
    object bytes_of[T](const T &value)
    object read_value[T](const T &value)
    int write_value[T](T &value, object name, object data) except -1
