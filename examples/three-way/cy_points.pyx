# cython: language_level=3
# A module made with Cython: a class of points, and functions that take everybody's.
from interbind cimport shared
from libc.math cimport hypot
from libc.stdint cimport int64_t

cdef extern from *:
    """
    #include <interbind/cython.h>
    #define POINT "org.example.Point"
    #define POINT_FIELDS(first, next) first(x, f64, 0) next(y, f64, 8)
    #define LAYOUT INTERBIND_LAYOUT(POINT, 16, 8, POINT_FIELDS)
    INTERBIND_STRUCT(geo_point, 16, 8, POINT_FIELDS);
    static interbind_site points = INTERBIND_DATA_SITE(POINT, LAYOUT, 8, 1);
    static interbind_class shared_point = INTERBIND_CYTHON_CLASS(POINT, "1.0.0", LAYOUT, 16, INTERBIND_ALIASING_UNTRACKED);
    #define POINT_CHECK() INTERBIND_FIELDS_CHECK(struct PointObject, 16, POINT_FIELDS)
    #define POINT_AT ((int64_t)offsetof(struct PointObject, x))
    """
    ctypedef struct geo_point:
        double x, y
    shared.interbind_site points
    shared.interbind_class shared_point
    void POINT_CHECK() noexcept
    int64_t POINT_AT

cdef public class Point [object PointObject, type PointType]:
    cdef double x, y

    def __cinit__(self, double x, double y):
        self.x, self.y = x, y

    @property
    def x(self):
        return self.x

cdef int share() except -1:
    POINT_CHECK()
    shared_point.data_offset = POINT_AT
    return shared.publish(&shared_point, Point)

shared.bind(__name__, b"1.0.0")
share()

def norm(p):
    cdef shared.loan borrow
    cdef const geo_point *point = <const geo_point *>shared.read(&points, p, &borrow)
    try:
        return hypot(point.x, point.y)
    finally:
        shared.done(&borrow)

def shift(p):
    cdef shared.loan borrow
    cdef geo_point *point = <geo_point *>shared.write(&points, p, &borrow)
    try:
        point.x += 1
        return p
    finally:
        shared.done(&borrow)
