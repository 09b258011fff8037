/* Everything that a binding library in C needs. */
#ifndef INTERBIND_H
#define INTERBIND_H

#include <interbind/abi.h>

#endif /* INTERBIND_H */
