// A binding layer on interbind, small and whole: classes, functions, ownership, inheritance, exceptions.
//
// For CPython 3.12 and later, without the limited API; one concept a file. What modules share goes through interbind's
// tables, so a class bound here is known to every other module that speaks interbind, and theirs to this one.
//
//   type.hpp      what a module knows of a C++ type        convert.hpp  arguments and results
//   instance.hpp  wrapped objects                          call.hpp     the way from vectorcall to C++ and back
//   home.hpp      interpreters, for other threads          keep.hpp     what keeps what alive
//   owed.hpp      counts, without a GIL                    defer.hpp    the same for functions
//   module.hpp    a module's state in one interpreter      error.hpp    exceptions
//   function.hpp  the function object                      foreign.hpp  objects of other modules
//   publish.hpp   what others are told of a class          class.hpp    the face: `class_`, `def`
//   start.hpp     `BINDING_MODULE`                         keywords.hpp parameters with names and defaults
#pragma once

// Python's header wants to be the first: it says what the system's declare.
#include <Python.h>

#include "start.hpp"
