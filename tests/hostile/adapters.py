"""The providers that are attacked, all with one face.

| ability | means |
|---|---|
| `mortal` | `fresh()` is a published class that nobody keeps |
| `subclass` | Python code may inherit from `cls` |
| `during` | `ways()` has calls of Python code while a borrow is held |
| `hold` | `hold`, `read_held`, `let_go` |
| `tokens` | what `hold` returns are pairs of a consumer and its token |
| `wrap` | `own(seed)` has the provider make an object for another module, of the seed `seed_of_own(seed)` |
| `bare` | `bare()` is a class that isn't published, `publish(cls)` does that |
| `write` | `write(object)` borrows exclusively |
| `nurse` | `keep(nurse, patient)` |
| `tracked` | borrows of the same object exclude each other |
| `sendable` | an object may die on another thread |
| `weakref`, `collected` | what objects can do |
| `stale` | `again()` reads where the object was that was read last: a fault on purpose |

Every object is made of a seed, and every reader returns `value(seed)`.
"""

import importlib
import importlib.util
import struct
import sys

from kit import PYPY, attack, check, outcome_of, record, short


def load(name, file=None, execute=True):
    """Imports a further copy of an extension, which is in no `sys.modules`."""
    spec = importlib.util.spec_from_file_location(name, file or sys.modules[name].__file__)
    module = importlib.util.module_from_spec(spec)
    if execute:
        spec.loader.exec_module(module)
    return module


def optional(name):
    """A consumer that this interpreter has: PyO3's modules refuse a second one."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        return None
    except ImportError as error:
        if "interpreter" in str(error):
            return None
        raise


class Provider:
    """What all have in common. `sites` are functions of one object that judge it: each refuses, or works."""

    names = ()
    kept = ()
    # Modules of the matrix that borrow.
    consumers = ()

    def __init__(self, kind):
        self.kind, self.flavour = kind, kind.split("-", 1)[-1]
        self.modules = [sys.modules.get(name) or importlib.import_module(name) for name in self.names]
        self.attack = attack

    def warm(self, thing, seed):
        """Every site has judged an object of this class; every reader sees its value."""
        for name, read in self.readers.items():
            found = read(thing)
            check(found == self.value(seed), f"{name} reads the value, not {short(found)}")
        for site in self.sites.values():
            try:
                site(thing)
            except Exception as error:
                record(outcome_of(error))

    def reads(self, thing, seed):
        """Readers return the value; one that refuses is fine, one that returns anything else isn't."""
        for name, read in self.readers.items():
            good, found = attack(read, thing)
            check(not good or found == self.value(seed), f"{name} reads the value or refuses, not {short(found)}")

    def refuses(self, thing):
        """No site takes the object."""
        for name, site in {**self.readers, **self.sites}.items():
            good, found = attack(site, thing)
            check(not good, f"{name} refuses a stranger, not {short(found)}")

    def works(self):
        """A good call on a new object, as if nothing had been."""
        self.warm(self.make(7), 7)

    def make(self, seed):
        return self.new(self.cls, seed)

    def seed_of_own(self, seed):
        return seed

    @property
    def reading(self):
        """A module that has a reader."""
        return self.modules[0]

    def reader_in(self, module):
        """The reader of a copy of that one."""
        return getattr(module, "norm", None) or getattr(module, "of_" + self.flavour)

    def drop(self):
        """Gives up what the provider keeps itself."""

    def ways(self):
        return {}


class Zoo(Provider):
    """A participant of the matrix: bytes of the zoo's point."""

    abilities = {"during", "hold", "tokens", "write"}

    def __init__(self, kind):
        super().__init__(kind)
        self.provider = self.modules[0]
        consumers = [optional(name) for name in ("interbind_consumer", "interbind_raw_consumer", "interbind_c_consumer")]
        self.consumers = [consumer for consumer in consumers if consumer]
        # PyO3 gives up what such an object holds where it dies on another thread: it leaks, on purpose.
        if kind != "pyo3-unsendable":
            self.abilities = self.abilities | {"sendable"}
        if kind.endswith("tracked"):
            self.abilities = self.abilities | {"tracked"}
        short = lambda consumer: consumer.__name__.replace("interbind_", "")  # noqa: E731
        self.readers, self.sites = {}, {}
        for consumer in self.consumers:
            name = short(consumer)
            self.readers[name + ".read"] = lambda thing, c=consumer: c.read("point2d", thing)
            self.sites[name + ".read_raw"] = lambda thing, c=consumer: c.read_raw("point2d", thing)
            self.sites[name + ".read_detached"] = lambda thing, c=consumer: c.read_detached("point2d", thing)
            self.sites[name + ".during"] = lambda thing, c=consumer: c.during("point2d", thing, False, int)
            self.sites[name + ".hold"] = lambda thing, c=consumer: c.let_go(c.hold("point2d", thing))
            self.sites[name + ".write"] = lambda thing, c=consumer: c.write("point2d", thing, "y", self.raw(thing)[8:])
        self.cls = self.provider.cls(self.flavour, "point2d")

    def raw(self, thing):
        try:
            return self.provider.peek(thing)
        except Exception:
            return bytes(16)

    def value(self, seed):
        return struct.pack("dd", float(seed), seed + 1.0)

    def new(self, cls, seed):
        return cls(self.value(seed))

    def own(self, seed):
        return self.consumers[0].own("point2d", self.value(seed))

    def write(self, thing, seed):
        for consumer in self.consumers:
            consumer.write("point2d", thing, "x", struct.pack("d", float(seed)))
            consumer.write("point2d", thing, "y", struct.pack("d", seed + 1.0))

    def hold(self, thing):
        held = []
        try:
            for consumer in self.consumers:
                held.append((consumer, consumer.hold("point2d", thing)))
        except BaseException:
            self.let_go(held)
            raise
        return held

    def read_held(self, held):
        return [consumer.read_held(token) for consumer, token in held]

    def let_go(self, held):
        while held:
            consumer, token = held[-1]
            try:
                consumer.let_go(token)
            except (KeyError, ValueError):
                # It was let go already.
                pass
            held.pop()

    def forget(self, held):
        """Lets go of everything, also of what a fault kept this side from hearing of."""
        self.let_go(held)
        for consumer in self.consumers:
            for token in range(100):
                try:
                    consumer.let_go(token)
                except (KeyError, ValueError, TypeError):
                    pass

    def ways(self):
        """Ways to call Python code while an object is borrowed: `way(object, exclusive, function)`, which returns its value."""
        return {
            consumer.__name__: lambda thing, exclusive, call, c=consumer: c.during("point2d", thing, exclusive, call)
            for consumer in self.consumers
        }

    def live(self):
        counts = {f"provider.{name}": count for name, count in self.provider.live().items()}
        for consumer in self.consumers:
            counts.update({f"{consumer.__name__}.{name}": count for name, count in consumer.live().items()})
        return {name: count for name, count in counts.items() if not name.endswith(("touched", "immortal"))}

    def records(self):
        return self.provider.live()["records"]

    def drop(self):
        self.provider.drop_all()


class Pyo3(Zoo):
    """PyO3's classes don't die; what dies are subclasses of Python, which sites judge by their base."""

    names = ("interbind_provider", "interbind_consumer")
    abilities = Zoo.abilities | {"subclass", "weakref", "mortal", "heirs", "wrap"}

    def fresh(self):
        return type("Fresh", (self.cls,), {"__slots__": ()})


class Raw(Zoo):
    names = ("interbind_raw_provider", "interbind_raw_consumer")
    abilities = Zoo.abilities | {"subclass", "mortal", "bare", "wrap", "each-interpreter"}

    def __init__(self, kind):
        super().__init__(kind)
        if PYPY:
            self.abilities = self.abilities - {"mortal"} | {"heirs"}
        if self.flavour == "frozen":
            self.abilities = self.abilities - {"wrap"}
        self.publish = lambda cls: self.provider.publish_object(self.flavour, "point2d", cls)
        self.bare = lambda: self.provider.bare("point2d")

    def fresh(self):
        return self.provider.fresh(self.flavour, "point2d")


class Cpp(Raw):
    """The C++ layer's classes for `make`; `fresh` ones are made by the C API alone."""

    names = ("interbind_c_provider", "interbind_c_consumer")
    # Its `bare` classes aren't the layer's, which publishes them as its own: its author's slip, and refused by each borrow.
    abilities = Raw.abilities - {"bare"} | {"two-steps"}


class C(Provider):
    """Clients of the headers in C. A class dies with its module's copy."""

    names = ("other", "client", "cclient")
    abilities = {"mortal", "each-interpreter", "copies", "sendable"}

    def __init__(self, kind):
        super().__init__(kind)
        self.other, self.client, self.cclient = self.modules
        self.module = self.cclient if self.flavour == "frozen" else self.client
        self.cls = self.class_of(self.module)
        if self.flavour == "untracked":
            self.abilities = self.abilities | {"subclass", "weakref", "collected", "nurse", "instances"}
        self.readers = {
            "client.norm": self.client.norm, "other.norm": self.other.norm, "cclient.norm": self.cclient.norm}
        self.sites = {"client.native_norm": self.client.native_norm, "other.native_norm": self.other.native_norm}

    def class_of(self, module):
        return module.Point if self.flavour == "frozen" else module.Thing

    def value(self, seed):
        return 5.0 * seed

    def new(self, cls, seed):
        return cls(3.0 * seed, 4.0 * seed)

    def fresh(self):
        return self.class_of(load(self.module.__name__))

    def keep(self, nurse, patient):
        return self.client.keep(nurse, patient, 1)

    def live(self):
        entries, nurses, patients, records = self.client.counts()
        return {"entries": entries, "nurses": nurses, "patients": patients, "records": records}

    def records(self):
        return self.client.counts()[3]


class Fraction(int):
    """A number that Python code tells, when it is asked for as a `double`."""

    def __float__(self):
        self.call()
        return 1.5


class Whole:
    """The same, as an integer."""

    def __index__(self):
        self.call()
        return 3


class Layer(Provider):
    """Classes that the C++ layer binds, of each shape. What dies are subclasses of Python, and with a copy of the module all."""

    names = ("layer_other", "layer")
    abilities = {"subclass", "mortal", "heirs", "each-interpreter", "copies", "two-steps", "sendable"}

    def __init__(self, kind):
        super().__init__(kind)
        self.other, self.module = self.modules
        self.cls = getattr(self.module, self.flavour.capitalize())
        function = "of_" + self.flavour
        self.readers = {"layer." + function: getattr(self.module, function), "other." + function: getattr(self.other, function)}
        others = {"inline", "indirect", "collected", "frozen"} - {self.flavour}
        # Functions of other classes: they must never take this one.
        self.foreign = {f"of_{each}": getattr(self.module, f"of_{each}") for each in others | {"large", "payload"}}
        self.sites = {}
        if self.flavour == "collected":
            self.abilities = self.abilities | {"weakref", "collected", "nurse"}
        if self.flavour == "frozen":
            self.abilities = self.abilities | {"during"}

    def value(self, seed):
        return seed

    def new(self, cls, seed):
        return cls(seed)

    def fresh(self):
        return type("Fresh", (self.cls,), {"__slots__": ()})

    def refuses(self, thing):
        super().refuses(thing)
        for name, read in self.foreign.items():
            good, found = attack(read, thing)
            check(not good, f"{name} refuses a stranger, not {short(found)}")

    def keep(self, nurse, patient):
        nurse.put(patient)

    def patient(self):
        return self.module.Payload(9)

    def ways(self):
        def way(name):
            def run(thing, exclusive, call):
                # The call isn't in a class: where CPython makes that immortal, it keeps what it refers to.
                number = {"float": Fraction, "int": Whole}[name]()
                number.call = call
                return getattr(self.module, "with_" + name)(thing, number)

            return run

        return {"with_float": way("float")} if self.flavour == "frozen" else {}

    def live(self):
        entries, nurses, patients, records = self.module.counts()
        return {"entries": entries, "nurses": nurses, "patients": patients, "records": records}

    def records(self):
        return self.module.counts()[3]


class Example(Provider):
    """The examples on bare pyo3-ffi: their calls allocate nothing of their own, so that a fault in one is interbind's."""

    names = ("rawframe", "rawstats", "keeper")
    abilities = {"mortal", "subclass", "wrap", "hold", "each-interpreter", "copies", "sendable"}

    def __init__(self, kind):
        super().__init__(kind)
        self.module, self.stats, self.keeper = self.modules
        self.held = 0
        self.cls = self.module.Point
        self.readers, self.sites = {"rawstats.norm": self.stats.norm}, {}

    def class_of(self, module):
        return module.Point

    def value(self, seed):
        return 5.0 * seed

    def new(self, cls, seed):
        return cls(3.0 * seed, 4.0 * seed)

    def fresh(self):
        return load("rawframe").Point

    @property
    def reading(self):
        return self.stats

    def own(self, seed):
        return self.keeper.make()

    def seed_of_own(self, seed):
        return 2

    def hold(self, thing):
        """The keeper has one place for all that it keeps: what is held is known by its number there."""
        self.keeper.hold(thing)
        self.held += 1
        return [self.held - 1]

    def read_held(self, held):
        lengths = self.keeper.read()
        return [lengths[number] for number in held if number < len(lengths)]

    def let_go(self, held):
        """Of everything."""
        self.keeper.let_go()
        self.held = 0
        held.clear()

    forget = let_go

    def live(self):
        return {"records": self.module.records()}

    def records(self):
        return self.module.records()


class Foreign(Provider):
    """Classes that a conduit leads to: `pybind11`'s own in a module that knows nothing of interbind, and one in C, `answering`, which
    functions of that module take too."""

    names = ("taker", "second", "geo", "ours")
    abilities = {"subclass", "weakref", "mortal", "heirs", "sendable"}

    def __init__(self, kind):
        super().__init__(kind)
        self.taker, self.second, self.geo, self.ours = self.modules
        self.readers = {"taker.norm": self.taker.norm, "second.norm": self.second.norm}
        self.sites = {"taker.write": self.taker.write, "taker.norm_unadapted": self.taker.norm_unadapted,
            "second.read": self.second.read}
        if self.flavour == "pybind11":
            self.cls = self.geo.Point
            self.abilities = self.abilities | {"two-steps", "collected"}
        else:
            self.cls = self.ours.Point
            self.readers.update({"geo.norm": self.geo.norm, "geo.norm_of_value": self.geo.norm_of_value})
            self.sites["geo.norm_without_conversion"] = self.geo.norm_without_conversion

    def value(self, seed):
        return 5.0 * seed

    def new(self, cls, seed):
        return cls(3.0 * seed, 4.0 * seed)

    def fresh(self):
        return type("Fresh", (self.cls,), {"__slots__": ()})

    def live(self):
        return {"records": self.taker.records()}

    def records(self):
        return self.taker.records()


class Broken(Provider):
    """`broken.c`: a provider with faults on purpose. The attacks must find them."""

    names = ("broken",)
    abilities = {"mortal", "stale"}

    def __init__(self, kind):
        super().__init__(kind)
        self.module = self.modules[0]
        self.cls = self.module.fresh()
        self.readers, self.sites = {"read": self.module.read}, {}
        self.again = self.module.again

    def value(self, seed):
        return float(seed)

    def new(self, cls, seed):
        return cls(float(seed))

    def fresh(self):
        return self.module.fresh()

    def live(self):
        return {"records": self.module.records()}

    def records(self):
        return self.module.records()


class Stale(Example):
    """The example's provider, and a consumer in Rust that keeps an address behind its handle."""

    abilities = {"stale"}

    def __init__(self, kind):
        super().__init__(kind)
        stale = importlib.import_module("stale")
        self.readers, self.again = {"stale.norm": stale.norm}, stale.again


MAKERS = {"stale": Stale, "broken": Broken, "example": Example, "pyo3": Pyo3, "raw": Raw, "c": C, "cpp": Cpp, "layer": Layer,
    "foreign": Foreign}


def provider(kind):
    return MAKERS[kind.split("-")[0]](kind)
