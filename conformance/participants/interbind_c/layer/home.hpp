// An interpreter as C++ code on any thread may refer to it: where references end that such code gives up.
//
// A `std::shared_ptr` that keeps a Python object alive may be dropped anywhere: attached to another interpreter, on a detached
// thread, after Python has ended. The reference is given back at once where the thread is attached to the object's own
// interpreter. Otherwise it waits in a list, which the interpreter works off when it can, at the latest while it ends; when it
// has ended, the reference is given up. There is a home for each library in each interpreter.
#pragma once

#include <Python.h>

#include <atomic>
#include <cstdio>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#if __has_include(<unistd.h>)
#include <unistd.h>
#endif

#include <interbind/interbind.h>

#include "owed.hpp"

namespace binding BINDING_HIDDEN {

// What is given back later: a loan of the object, then the reference.
struct Debt {
    PyObject *object;
    void (*end)(Debt *debt); // attached; gives back and frees
    Debt *next;
};

class Home {
    PyInterpreterState *const interpreter = PyInterpreterState_Get();
    const std::int64_t id = PyInterpreterState_GetID(interpreter);
    const bool is_main = interpreter == PyInterpreterState_Main();
#if __has_include(<unistd.h>)
    const pid_t process = getpid();
    bool is_forked() const { return getpid() != process; }
#else
    bool is_forked() const { return false; }
#endif
    std::atomic<std::uint32_t> users{1};
    std::atomic<bool> is_closed{false}, is_asked{false};
    std::atomic<std::uint32_t> asking{0};
    std::atomic<Debt *> debts{nullptr};
    std::mutex lock; // over `kept`, taken attached, and over nothing of Python
    std::set<std::pair<const PyObject *, const PyObject *>> kept;

    static PyThreadState *attached() {
#if PY_VERSION_HEX >= 0x030D0000
        return PyThreadState_GetUnchecked();
#else
        return _PyThreadState_UncheckedGet();
#endif
    }

    static int called(void *self) {
        auto *home = static_cast<Home *>(self);
        home->is_asked.store(false, std::memory_order_release);
        home->work_off();
        home->release();
        return 0;
    }

    // Has the main thread of the main interpreter come by. Python is there: nobody closes the home meanwhile.
    void ask() {
        asking.fetch_add(1, std::memory_order_seq_cst);
        if (!is_closed.load(std::memory_order_seq_cst) && !is_asked.exchange(true, std::memory_order_acq_rel)) {
            retain();
            if (Py_AddPendingCall(called, this) != 0) {
                is_asked.store(false, std::memory_order_release);
                users.fetch_sub(1, std::memory_order_acq_rel);
            }
        }
        asking.fetch_sub(1, std::memory_order_seq_cst);
    }

    void close() {
        is_closed.store(true, std::memory_order_seq_cst);
        // A fork leaves the other threads behind.
        while (asking.load(std::memory_order_seq_cst) && !is_forked())
            std::this_thread::yield();
        work_off();
        release();
    }

    static void closed(PyObject *capsule) {
        if (auto *home = static_cast<Home *>(PyCapsule_GetPointer(capsule, NAME)))
            home->close();
    }

    static constexpr const char *NAME = "interbind_c.home";

  public:
    void retain() { users.fetch_add(1, std::memory_order_relaxed); }
    void release() {
        if (users.fetch_sub(1, std::memory_order_acq_rel) == 1)
            delete this;
    }

    // This library's home in the current interpreter, for its user to release. NULL: an exception is set. May throw.
    static Home *of_library() {
        static char library;
        char key[64];
        std::snprintf(key, sizeof key, "%s %p", NAME, static_cast<void *>(&library));
        PyObject *dict = PyInterpreterState_GetDict(PyInterpreterState_Get());
        PyObject *name = dict ? PyUnicode_FromString(key) : nullptr;
        if (!name) {
            if (!PyErr_Occurred())
                PyErr_SetString(PyExc_ImportError, "interbind: the interpreter is ending");
            return nullptr;
        }
        PyObject *known = nullptr;
#if PY_VERSION_HEX >= 0x030D0000
        PyDict_GetItemRef(dict, name, &known);
#else
        known = Py_XNewRef(PyDict_GetItemWithError(dict, name));
#endif
        Home *home = known && PyCapsule_IsValid(known, NAME) ? static_cast<Home *>(PyCapsule_GetPointer(known, NAME)) : nullptr;
        if (home) {
            home->retain();
        } else if (!PyErr_Occurred()) {
            home = new Home;
            PyObject *capsule = PyCapsule_New(home, NAME, closed);
            // The capsule has the first count, and the caller the second.
            home->retain();
            if (!capsule)
                home->release();
            if (!capsule || PyDict_SetItem(dict, name, capsule) < 0) {
                home->release();
                home = nullptr;
            }
            Py_XDECREF(capsule);
        }
        Py_XDECREF(known);
        Py_DECREF(name);
        return home;
    }

    // Notes that a nurse keeps an object of another module borrowed. False: it does so already. May throw.
    bool remember(const PyObject *nurse, const PyObject *object) {
        std::lock_guard<std::mutex> locked(lock);
        return kept.emplace(nurse, object).second;
    }
    void forget(const PyObject *nurse, const PyObject *object) {
        std::lock_guard<std::mutex> locked(lock);
        kept.erase({nurse, object});
    }

    // Whether this thread is attached to the interpreter.
    bool is_here() const {
        PyThreadState *state = attached();
        return state && state->interp == interpreter && PyInterpreterState_GetID(state->interp) == id;
    }

    // Pays at once or later, or never when the interpreter is gone. On any thread.
    void owe(Debt *debt) noexcept {
        if (is_here()) {
            debt->end(debt);
            return;
        }
        if (is_closed.load(std::memory_order_acquire))
            return;
        debt->next = debts.load(std::memory_order_relaxed);
        while (!debts.compare_exchange_weak(debt->next, debt, std::memory_order_acq_rel)) {
        }
        if (is_main)
            ask();
    }

    // Pays what waits. Attached to the interpreter. Runs Python code.
    void work_off() {
        if (BINDING_LIKELY(!debts.load(std::memory_order_relaxed)))
            return;
        Debt *debt = debts.exchange(nullptr, std::memory_order_acq_rel);
        while (debt) {
            Debt *next = debt->next;
            debt->end(debt);
            debt = next;
        }
    }
};

} // namespace binding
