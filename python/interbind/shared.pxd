# What a module of Cython uses of interbind: see "Cython" in the documentation. Cython 3.0 and newer.
#
#     from interbind cimport shared          # shared.bind, shared.publish, shared.read, …
#
# `bind` comes first, at the module's top level. Every borrow ends with `done`, in a `finally`.
from libc.stdint cimport int64_t

cdef extern from "interbind/cython.h" nogil:
    # Where a type is taken: a static, made by INTERBIND_DATA_SITE.
    ctypedef struct interbind_site:
        pass
    # What the module says of a class: a static, made by INTERBIND_CYTHON_CLASS.
    ctypedef struct interbind_class:
        int64_t data_offset
    # What a class answers pybind11: a static, made by INTERBIND_CONDUIT_TO.
    ctypedef struct interbind_conduit:
        pass
    # A borrow. One that `done` may meet before `read` or `write` did starts as `nothing`.
    ctypedef struct loan "interbind_loan":
        pass
    const loan nothing "interbind_cython_nothing"

cdef extern from "interbind/cython.h":
    int bind "interbind_cython_bind"(object name, const char *version) except -1
    int publish "interbind_cython_publish"(interbind_class *described, object py_type) except -1
    int answer_pybind11 "interbind_cython_answer"(interbind_conduit *conduit, object py_type) except -1
    const void *read "interbind_cython_read"(interbind_site *site, object o, loan *borrow) except NULL
    void *write "interbind_cython_write"(interbind_site *site, object o, loan *borrow) except NULL
    void done "interbind_cython_done"(loan *borrow) noexcept
