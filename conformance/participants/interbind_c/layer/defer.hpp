// Functions are objects that all threads reach for. On a free-threaded build their count is one cache line that the threads
// would wait for, so counting is left to the collector, as CPython does for functions of Python code.
//
// 3.14 has a call for it. 3.13 has none: what it does itself is done here, field by field, for that version alone, before
// anybody else can see the object. It makes such objects immortal when the first thread is started, as it does with Python's
// own functions and modules; nothing is made immortal here, so what is made later is counted. Classes are counted always.
#pragma once

#include "owed.hpp"

namespace binding BINDING_HIDDEN {

#if defined(Py_GIL_DISABLED) && PY_VERSION_HEX < 0x030E0000
// Whether the interpreter makes deferred objects immortal by now: seen by one that each interpreter has from its start.
inline bool has_immortalized() {
    PyObject *importlib = PyImport_ImportModule("_frozen_importlib");
    PyObject *known = importlib ? PyObject_GetAttrString(importlib, "ModuleSpec") : nullptr;
    bool immortal = known && known->ob_ref_local == _Py_IMMORTAL_REFCNT_LOCAL;
    if (!known)
        PyErr_Clear();
    Py_XDECREF(known);
    Py_XDECREF(importlib);
    return immortal;
}
#endif

// Called with a new object that the collector doesn't know yet. Does nothing with a GIL.
inline void defer([[maybe_unused]] PyObject *object) {
#if defined(Py_GIL_DISABLED) && PY_VERSION_HEX < 0x030E0000
    if (has_immortalized())
        return;
    constexpr std::uint8_t DEFERRED = 64;
    object->ob_gc_bits |= DEFERRED;
    // The reference that the collector gives back; and no other thread's count ends the object.
    object->ob_ref_local += 1;
    object->ob_ref_shared = _Py_REF_QUEUED;
#elif defined(Py_GIL_DISABLED)
    PyUnstable_Object_EnableDeferredRefcount(object);
#endif
}

} // namespace binding
