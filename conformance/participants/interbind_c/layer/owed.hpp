// References to a class that its dead objects held and that nobody has given back yet: on a free-threaded Python from 3.14 on.
//
// CPython counts a new object's reference thread by thread there, but offers C only a count that all threads meet at for giving
// it back; so they are given back by the hundred. The collector is shown them as the class's own. 3.13 doesn't count at all
// where there are threads (see `defer`), unless BINDING_COUNTED is defined, as tests do.
#pragma once

#include <Python.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#define BINDING_LIKELY(x) __builtin_expect(!!(x), 1)

#if defined(Py_GIL_DISABLED) && (PY_VERSION_HEX >= 0x030E0000 || defined(BINDING_COUNTED))
#define BINDING_OWED

namespace binding {

struct Owed {
    struct alignas(64) Place {
        std::atomic<std::uint32_t> count{0};
    };
    static constexpr std::uint32_t MOST = 256;
    static constexpr std::size_t PLACES = 16;
    Place places[PLACES];

    void add(PyObject *python) {
        // A thread's id is an address, pages from the next one's.
        Place &place = places[((_Py_ThreadId() >> 12) * 0x9e3779b97f4a7c15u >> 56) % PLACES];
        if (!BINDING_LIKELY(place.count.fetch_add(1, std::memory_order_relaxed) + 1 < MOST))
            give_back(python, place.count.exchange(0, std::memory_order_relaxed));
    }

    std::uint32_t sum() const {
        std::uint32_t all = 0;
        for (const Place &place : places)
            all += place.count.load(std::memory_order_relaxed);
        return all;
    }

    void clear(PyObject *python) {
        for (Place &place : places)
            give_back(python, place.count.exchange(0, std::memory_order_relaxed));
    }

    static void give_back(PyObject *python, std::uint32_t count) {
        for (; count; --count)
            Py_DECREF(python);
    }
};

} // namespace binding

#endif
