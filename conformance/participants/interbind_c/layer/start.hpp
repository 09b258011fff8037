// How a module begins and ends: its slots, its state, its metaclass.
//
// Multi-phase, for every kind of interpreter or for those that a module says, without a need for the GIL. What the module
// holds is visible to the collector; the state is freed with the module object, which its functions keep alive.
#pragma once

#include "class.hpp"

namespace binding BINDING_HIDDEN {

// A module's statics.
struct Start {
    const char *name;
    interbind_slot *slot;
    Translators *translators;
    void (*fill)(module_ &m);
};

inline PyTypeObject *make_meta(PyObject *module) {
    static PyType_Slot slots[] = {
        {Py_tp_base, &PyType_Type},
        {Py_tp_dealloc, reinterpret_cast<void *>(meta_dealloc)},
        {Py_tp_traverse, reinterpret_cast<void *>(meta_traverse)},
        {Py_tp_clear, reinterpret_cast<void *>(meta_clear)},
        {},
    };
    static PyType_Spec spec = {"interbind_c.class", sizeof(Meta), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE, slots};
    return reinterpret_cast<PyTypeObject *>(PyType_FromModuleAndSpec(module, &spec, nullptr));
}

// The base of all classes whose objects hold a pointer.
inline PyTypeObject *make_indirect(Module *module) {
    static PyType_Slot slots[] = {{Py_tp_dealloc, reinterpret_cast<void *>(dealloc_any)}, {}};
    static PyType_Spec spec = {
        "interbind_c.indirect", static_cast<int>(pointing_size), 0,
        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE, slots};
    return reinterpret_cast<PyTypeObject *>(PyType_FromModuleAndSpec(module->object, &spec, nullptr));
}

inline int execute(PyObject *object, const Start &start) {
    std::unique_ptr<Module> module(new (std::nothrow) Module);
    if (!module) {
        PyErr_NoMemory();
        return -1;
    }
    module->object = object;
    module->name = start.name;
    module->translators = start.translators;
    interbind_status status = interbind_bind(start.slot, object, nullptr, &module->bound);
    if (status != INTERBIND_OK) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ImportError, "interbind: the module is bound in this interpreter already");
        return -1;
    }
    module->slot = start.slot;
    module->bound.state = module.get();
    Module *state = state_of(object) = module.release();
    module_ m{state};
    try {
        state->home = checked(Home::of_library());
        state->meta = checked(make_meta(object));
        state->indirect = checked(make_indirect(state));
        start.fill(m);
    } catch (...) {
        raise_current(state);
        return -1;
    }
    return 0;
}

inline int module_traverse(PyObject *object, visitproc visit, void *arg) {
    Module *state = PyModule_GetState(object) ? state_of(object) : nullptr;
    return state ? state->traverse(visit, arg) : 0;
}

inline int module_clear(PyObject *object) {
    if (Module *state = PyModule_GetState(object) ? state_of(object) : nullptr)
        state->clear();
    return 0;
}

inline void module_free(void *object) {
    if (!PyModule_GetState(static_cast<PyObject *>(object)))
        return;
    if (Module *state = std::exchange(state_of(static_cast<PyObject *>(object)), nullptr)) {
        state->clear();
        delete state;
    }
}

} // namespace binding

// Starts a module for every interpreter.
#define BINDING_MODULE(name, version, m) BINDING_MODULE_FOR(name, version, INTERBIND_PER_INTERPRETER_GIL, m)

// Starts a module for the interpreters that its tag says.
#define BINDING_MODULE_FOR(name, version, tag, m) \
    static void binding_fill_##name(::binding::module_ &m); \
    static interbind_owner binding_owner_##name = INTERBIND_OWNER(#name, version); \
    static interbind_slot binding_slot_##name = INTERBIND_SLOT(&binding_owner_##name, tag); \
    static ::binding::Translators binding_translators_##name; \
    static int binding_execute_##name(PyObject *module) { \
        static const ::binding::Start start = {#name, &binding_slot_##name, &binding_translators_##name, binding_fill_##name}; \
        return ::binding::execute(module, start); \
    } \
    static PyModuleDef_Slot binding_slots_##name[] = {{Py_mod_exec, reinterpret_cast<void *>(binding_execute_##name)}, \
                                                      INTERBIND_MODULE_SLOTS(tag, INTERBIND_GIL_NOT_USED)}; \
    static PyModuleDef binding_def_##name = { \
        PyModuleDef_HEAD_INIT, #name, nullptr, sizeof(void *), nullptr, binding_slots_##name, \
        ::binding::module_traverse, ::binding::module_clear, ::binding::module_free}; \
    PyMODINIT_FUNC PyInit_##name(); \
    PyMODINIT_FUNC PyInit_##name() { return PyModuleDef_Init(&binding_def_##name); } \
    static void binding_fill_##name([[maybe_unused]] ::binding::module_ &m)
