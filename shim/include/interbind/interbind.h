/* Everything that a binding library in C needs to live with others in one process.
 *
 * | header | what it holds |
 * |---|---|
 * | abi.h | the frozen records, generated |
 * | compiler.h | what differs between compilers |
 * | platform.h | what this build is, as text |
 * | judge.h | looking at a foreign record before it is read |
 * | refuse.h | what is said when something is refused |
 * | import.h | finding the implementation, and leaving it |
 * | module.h | in which interpreters a module may be imported |
 * | current.h | the binding to the interpreter that runs |
 * | lock.h | argument locks |
 * | publish.h | publishing a class |
 * | types.h | finding the record of an object |
 * | names.h | modules inside a module, by their full names |
 * | adapted.h | what the next three share |
 * | pybind11_record.h | what pybind11's own record says of a class |
 * | from_pybind11.h | objects of pybind11's classes, from modules that know nothing of interbind |
 * | from_nanobind.h | objects of nanobind's classes, from such modules |
 * | to_pybind11.h | objects of a module's own classes as arguments of pybind11's functions |
 * | note.h | what the file says about itself |
 * | services.h | instances, keep-alive, userdata, exceptions |
 *
 * C11, or C++11 and later, with gcc, clang or cl.exe (C++17 and C11 there); full API, or limited from 3.9 on; 64-bit targets.
 * Functions return an `interbind_status`, write their outputs last and only on `INTERBIND_OK`, and are called attached unless
 * they say otherwise. Each says with which status an exception is set. */
#ifndef INTERBIND_H
#define INTERBIND_H

/* First: it chooses what the C library offers. */
#include <Python.h>

#include <interbind/abi.h>
#include <interbind/adapted.h>
#include <interbind/compiler.h>
#include <interbind/current.h>
#include <interbind/from_nanobind.h>
#include <interbind/from_pybind11.h>
#include <interbind/import.h>
#include <interbind/judge.h>
#include <interbind/lock.h>
#include <interbind/module.h>
#include <interbind/names.h>
#include <interbind/note.h>
#include <interbind/platform.h>
#include <interbind/publish.h>
#include <interbind/pybind11_record.h>
#include <interbind/refuse.h>
#include <interbind/services.h>
#include <interbind/to_pybind11.h>
#include <interbind/types.h>

#endif /* INTERBIND_H */
