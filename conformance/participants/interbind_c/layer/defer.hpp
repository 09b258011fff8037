// Objects that all threads reach for: classes and functions. On a free-threaded build their count is one cache line that the
// threads would wait for, so counting is left to the collector, as CPython does for classes and functions of Python code.
//
// 3.14 has a call for it. 3.13 has none: what it does itself is done here, field by field, for that version alone. There such
// an object is deferred as long as the interpreter has one thread, and immortal once a second one was started. That takes
// nothing away: 3.13 then makes modules immortal, and a module holds its classes and functions. Tests define BINDING_COUNTED,
// and have everything counted.
#pragma once

#include <Python.h>

#include <cstdint>

namespace binding {

#if defined(Py_GIL_DISABLED) && PY_VERSION_HEX < 0x030E0000
// Whether the interpreter has made its deferred objects immortal: told by one that each interpreter has from its start.
inline bool has_immortalized() {
    PyObject *importlib = PyImport_ImportModule("_frozen_importlib");
    PyObject *known = importlib ? PyObject_GetAttrString(importlib, "ModuleSpec") : nullptr;
    bool immortal = known && known->ob_ref_local == _Py_IMMORTAL_REFCNT_LOCAL;
    Py_XDECREF(known);
    Py_XDECREF(importlib);
    if (!known)
        PyErr_Clear();
    return immortal;
}
#endif

// To be called by who made the object, before anybody else sees it. Does nothing with a GIL.
inline void defer(PyObject *object) {
#if PY_VERSION_HEX >= 0x030E0000
    PyUnstable_Object_EnableDeferredRefcount(object);
#elif defined(Py_GIL_DISABLED) && !defined(BINDING_COUNTED)
    if (has_immortalized()) {
        PyObject_GC_UnTrack(object);
        object->ob_tid = 0;
        object->ob_ref_local = _Py_IMMORTAL_REFCNT_LOCAL;
        object->ob_ref_shared = 0;
        return;
    }
    constexpr std::uint8_t DEFERRED = 64;
    object->ob_gc_bits |= DEFERRED;
    // The reference that the collector gives back; and no other thread's count ends the object.
    object->ob_ref_local += 1;
    object->ob_ref_shared = (object->ob_ref_shared & ~Py_ssize_t(_Py_REF_SHARED_FLAG_MASK)) | _Py_REF_QUEUED;
#else
    (void)object;
#endif
}

} // namespace binding
