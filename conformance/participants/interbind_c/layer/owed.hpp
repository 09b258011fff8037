// How references are counted where many threads make and drop objects of one class; with a GIL it is a plain counter.
//
// On a free-threaded Python each new object of a heap type takes a reference to its class, and gives it back when it dies. All
// threads would meet at that one count. So a class has some in stock: a dead object's reference is laid up, and a new object
// takes it from there. The stock is spread over cache lines, and the collector is shown it as the class's own. Also here: what
// becomes an atomic operation without a GIL only.
#pragma once

#include <Python.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

// Nothing of a module is seen by another one, whatever it was built with: they may have been built with another layer.
#define BINDING_HIDDEN __attribute__((visibility("hidden")))
#define BINDING_LIKELY(x) __builtin_expect(!!(x), 1)
#define BINDING_INLINE __attribute__((always_inline)) inline
#define BINDING_COLD __attribute__((noinline, cold))
// Often enough run, but not inlined: it would have its caller save registers first.
#define BINDING_AFTER __attribute__((noinline))

namespace binding BINDING_HIDDEN {

// Adds to what is only used attached, and answers what it was.
template <class V> BINDING_INLINE V add_to(std::atomic<V> &count, V by) {
#ifdef Py_GIL_DISABLED
    return count.fetch_add(by, std::memory_order_acq_rel);
#else
    V was = count.load(std::memory_order_relaxed);
    count.store(was + by, std::memory_order_relaxed);
    return was;
#endif
}

// Changes it if it is still what it was thought to be; else says what it is.
template <class V> BINDING_INLINE bool change(std::atomic<V> &place, V &known, V to) {
#ifdef Py_GIL_DISABLED
    return place.compare_exchange_weak(known, to, std::memory_order_acq_rel, std::memory_order_acquire);
#else
    (void)known;
    place.store(to, std::memory_order_relaxed);
    return true;
#endif
}

#ifdef Py_GIL_DISABLED
#define BINDING_OWED

struct Owed {
    struct alignas(64) Place {
        std::atomic<std::int32_t> stock{0};
    };
    static constexpr std::int32_t BATCH = 64, MOST = 1024;
    static constexpr std::size_t PLACES = 16;
    Place places[PLACES];
    // How many references were taken for objects, and not given back.
    std::atomic<std::int64_t> taken{0};

    Place &mine() {
        // A thread's id is an address, pages from the next one's.
        return places[((_Py_ThreadId() >> 12) * 0x9e3779b97f4a7c15u >> 56) % PLACES];
    }

    // Takes a reference for a new object.
    void take(PyObject *python) {
        Place &place = mine();
        std::int32_t stock = place.stock.load(std::memory_order_relaxed);
        while (BINDING_LIKELY(stock > 0))
            if (BINDING_LIKELY(place.stock.compare_exchange_weak(stock, stock - 1, std::memory_order_relaxed)))
                return;
        for (std::int32_t count = BATCH; count; --count)
            Py_INCREF(python);
        taken.fetch_add(BATCH, std::memory_order_relaxed);
        place.stock.fetch_add(BATCH - 1, std::memory_order_relaxed);
    }

    // Lays up the reference of a dead one.
    void add(PyObject *python) {
        Place &place = mine();
        if (!BINDING_LIKELY(place.stock.fetch_add(1, std::memory_order_relaxed) + 1 < MOST))
            give_back(python, place.stock.exchange(0, std::memory_order_relaxed));
    }

    std::int64_t sum() const {
        std::int64_t all = 0;
        for (const Place &place : places)
            all += place.stock.load(std::memory_order_relaxed);
        return all;
    }

    // How many objects there are.
    std::int64_t objects() const { return taken.load(std::memory_order_relaxed) - sum(); }

    void clear(PyObject *python) {
        for (Place &place : places)
            give_back(python, place.stock.exchange(0, std::memory_order_relaxed));
    }

    void give_back(PyObject *python, std::int32_t count) {
        taken.fetch_sub(count, std::memory_order_relaxed);
        for (; count > 0; --count)
            Py_DECREF(python);
    }
};
#endif

} // namespace binding
