// Classes that only C++ can describe: both sides compile this declaration, the provider binds it.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace native {

struct Named {
    std::string name;
};

struct Weighed {
    double kilos;
};

// Its second base doesn't stand at its start.
struct Crate : Named, Weighed {
    std::int64_t parts;
    Crate(std::string name, double kilos, std::int64_t parts) : Named{std::move(name)}, Weighed{kilos}, parts(parts) {}
};

// Keeps a crate that isn't its own.
struct Shelf {
    Crate *crate = nullptr;
};

// The provider makes a KeyError of it; the consumer throws it and knows nothing more.
struct Broken {
    std::string what;
};

} // namespace native
