"""What a case's body works with: the two modules, graffiti, checks, and the event log.

Called by phases.py alone, standard library only, Python 3.9 and later and PyPy. Each event is one line of
JSON written by one os.write *before* the step it names, so the log survives any death of the process.
It must never judge: it says what happened, src/judge.rs says what that means. What few cells need is imported
where they need it: every cell is a process, and pays for what stands here.
"""

import gc
import importlib.machinery
import importlib.util
import os
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))

# Messages of CPython's and PyO3's that mean one of our reasons: a second interpreter is refused before any code of
# ours runs.
OTHERS_SAY = {
    "does not support loading in subinterpreters": "pyo3-single-interpreter",
    "PyO3 modules do not yet support subinterpreters": "pyo3-single-interpreter",
}

# What a build of interbind says it is for, as it stands in its file.
PLATFORM = rb"os=[\w.-]+ arch=[\w.-]+ bits=\d+ endian=\w+ c=\w+ python=\w+ api=[\w.-]+ gil=\w+ debug=\w+ refs=\w+"

# Calls through which a consumer may read foreign memory: only around them are touches counted.
TOUCHING = frozenset(["read", "write", "hold", "call"])

# Keys of live() that never go back: counted, shown, no leak.
MONOTONE = frozenset(["immortal", "touched"])


class Log:
    """The event log: appended to by file descriptor, shared by threads and interpreters of the process."""

    def __init__(self, path):
        self.descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self.count = 0
        self.lock = threading.Lock()

    def say(self, event, **values):
        with self.lock:
            self.count += 1
            line = dict(t=event, pid=os.getpid(), n=self.count, **values)
            os.write(self.descriptor, (json_of(line) + "\n").encode())


def json_of(value):
    """A value as JSON; what has no form there is shown. `json` itself would import half of what a child imports."""
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json_of(str(name))}: {json_of(each)}" for name, each in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(json_of, value)) + "]"
    text = value if isinstance(value, str) else repr(value)
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    units = text.encode("utf-16-be", "surrogatepass")
    return '"' + "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2)) + '"'


class CheckFailed(Exception):
    """A check of the body failed: both worked, and what came out is wrong."""


class NotSupported(Exception):
    """A side, or the interpreter, doesn't have what the body needs."""


class Side:
    """One module: its functions, each call logged, its exceptions told from the body's own."""

    def __init__(self, cell, role, module):
        self.cell, self.role, self.module = cell, role, module
        # Per thread: in mode `thr` one side raises in several at once.
        self.last = threading.local()

    def has(self, name):
        return hasattr(self.module, name)

    def __getattr__(self, name):
        if not hasattr(self.module, name):
            raise NotSupported(f"{self.role}.{name}")
        function = getattr(self.module, name)
        if not callable(function):
            return function

        def call(*args, **kwargs):
            self.cell.log.say("step", step=f"{self.role}.{name}")
            before = self.touched() if name in TOUCHING else None
            try:
                return function(*args, **kwargs)
            except NotImplementedError as error:
                raise NotSupported(f"{self.role}.{name}") from error
            except Exception as error:
                self.last.raised = error
                if before is not None and self.touched() != before:
                    self.cell.touch()
                raise

        return call

    def touched(self):
        try:
            return self.module.live().get("touched")
        except (AttributeError, NotImplementedError):
            return None

    def live(self):
        try:
            counts = self.module.live()
        except (AttributeError, NotImplementedError):
            return {}
        return {name: int(value) for name, value in counts.items() if name not in MONOTONE}


class Refused:
    """A block that must be refused, see `Cell.refused`."""

    def __init__(self, cell):
        self.cell = cell

    def __enter__(self):
        self.said = []
        return self.said

    def __exit__(self, kind, error, trace):
        if error is None:
            self.cell.log.say("not-refused")
        elif isinstance(error, Exception) and not isinstance(error, (CheckFailed, NotSupported)):
            self.said.append(str(error))
            self.cell.tell(error)
            return True
        return False


class Cell:
    """What `act(p, type)` gets as `p`."""

    def __init__(self, spec, log):
        self.spec, self.log = spec, log
        self.provider = self.consumer = None
        self.kept = []
        self.touches = 0
        self._forge = None
        self._copies = 0

    # -- values ---------------------------------------------------------------------------------------

    def layout(self, type, side="provider"):
        """Size, alignment and leaves of a type as that side was built with."""
        return self.spec["zoo"][side][type]

    def graffiti(self, type, seed=0, side="provider"):
        """Bytes of a valid value in which each byte tells its field and its position."""
        layout = self.layout(type, side)
        out = bytearray(layout["size"])
        for index, leaf in enumerate(layout["leaves"]):
            at, size, kind = leaf["offset"], leaf["size"], leaf["kind"]
            out[at : at + size] = encode(kind, size, index, seed, leaf["values"])
        return bytes(out)

    def fields(self, type, side="consumer"):
        """(name, offset, size) of each field that has a value; reserved ones have none."""
        return [(f["name"], f["offset"], f["size"]) for f in self.layout(type, side)["fields"]]

    # -- checks ---------------------------------------------------------------------------------------

    def check_equal(self, got, want, what="bytes", type=None):
        """Both must be equal; when bytes differ the log says which fields."""
        ok = got == want
        wrong = []
        if not ok and type is not None and isinstance(got, bytes) and isinstance(want, bytes):
            for leaf in self.layout(type)["leaves"]:
                span = slice(leaf["offset"], leaf["offset"] + leaf["size"])
                if got[span] != want[span]:
                    wrong.append(f"{leaf['path']}: {got[span].hex() or 'nothing'} instead of {want[span].hex()}")
        shown = [value.hex() if isinstance(value, bytes) else repr(value) for value in (got, want)]
        self.log.say("check", ok=ok, what=what, got=shown[0], want=shown[1], fields=wrong)
        if not ok:
            raise CheckFailed(what)

    def check(self, condition, what):
        """A condition that must hold."""
        self.log.say("check", ok=bool(condition), what=what, got=repr(condition), want="True", fields=[])
        if not condition:
            raise CheckFailed(what)

    def refused(self):
        """The block must be refused; the body goes on behind it. Any refusal will do: the rules know which. What was
        said is appended to the list that `as` gives."""
        return Refused(self)

    def unsupported(self, what):
        """The interpreter can't do what the case is about."""
        raise NotSupported(what)

    def expect_panic(self):
        """Announces that the next call panics: with panic=abort the process may end."""
        self.log.say("panic")

    # -- forgery --------------------------------------------------------------------------------------

    @property
    def forge(self):
        """Packs records by hand with the provider's tools; see forgery.py."""
        if not self.provider.has("plant"):
            raise NotSupported("provider.plant")
        if self._forge is None:
            sys.path.insert(0, HERE)
            import forgery

            sys.path.remove(HERE)
            self._forge = forgery.Forge(self.provider.module)
        return self._forge

    def another(self, role, platform=None):
        """Imports a copy of a side's file, which knows nothing of the first: a module that comes later. `platform`
        changes the text that says what the build is for; the word for the processor, which nobody compares here, gives
        or takes the bytes."""
        part = self.spec[role]
        with open(part["file"], "rb") as file:
            data = file.read()
        if platform is not None:
            import re

            data, found = re.subn(PLATFORM, lambda match: changed(match.group().decode(), platform).encode(), data)
            if not found:
                raise AssertionError(f"{part['module']} doesn't say what it is built for")
        self._copies += 1
        folder = os.path.join(os.path.dirname(os.path.abspath(os.environ["INTERBIND_EVENTS"])), f"copy{self._copies}")
        os.mkdir(folder)
        path = os.path.join(folder, os.path.basename(part["file"]))
        with open(path, "wb") as file:
            file.write(data)
        self.log.say("step", step=f"import a changed {role}")
        spec = importlib.util.spec_from_file_location(part["module"], path)
        try:
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        except ImportError as error:
            # An import is the module's own doing, not the body's.
            side = getattr(self, role)
            if side is not None:
                side.last.raised = error
            raise
        return Side(self, role, module)

    def load(self, role, name):
        """Imports another module of a side's file."""
        self.log.say("step", step=f"import {name}")
        loader = importlib.machinery.ExtensionFileLoader(name, self.spec[role]["file"])
        module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
        loader.exec_module(module)
        return module

    # -- lifetime -------------------------------------------------------------------------------------

    def keep(self, *values):
        """Keeps values alive to the end of the process (mode `exit`), else to the end of the case."""
        self.kept.extend(values)

    def collect(self):
        for _ in range(3):
            gc.collect()

    def touch(self):
        """A foreign payload was read."""
        self.touches += 1
        self.log.say("touch")

    # -- telling --------------------------------------------------------------------------------------

    def is_foreign(self, error):
        """Whether one of the modules raised it, rather than the body."""
        sides = [side for side in (self.provider, self.consumer) if side is not None]
        told = hasattr(error, "interbind_reason") or slug_in(str(error)) is not None
        return told or any(getattr(side.last, "raised", None) is error for side in sides)

    def tell(self, error):
        """Logs an exception as what it is: a refusal, a bare one, an inability, a failed check, our own bug."""
        told_before = self.touches
        text = str(error)
        reason = getattr(error, "interbind_reason", None) or slug_in(text)
        if reason is None and isinstance(error, ImportError):
            reason = next((slug for words, slug in OTHERS_SAY.items() if words in text), None)
        values = dict(kind=type(error).__name__, message=text)
        if isinstance(error, CheckFailed):
            pass
        elif isinstance(error, NotSupported):
            self.log.say("unsupported", what=text)
        elif reason is not None:
            self.log.say("refused", reason=str(reason), touched=told_before > 0, **values)
        elif self.is_foreign(error) or isinstance(error, ImportError):
            self.log.say("raised", trace=trace_of(error), **values)
        else:
            self.log.say("bug", trace=trace_of(error), **values)
        for side in (self.provider, self.consumer):
            if side is not None:
                side.last.raised = None
        trace = error.__traceback__
        while trace is not None:
            try:
                trace.tb_frame.clear()
            except RuntimeError:
                pass  # It still runs.
            trace = trace.tb_next


def trace_of(error):
    import traceback

    return "".join(traceback.format_exception(type(error), error, error.__traceback__))


def changed(text, platform):
    """A platform text with some words replaced, as long as before."""
    words = dict(word.split("=") for word in text.split())
    words.update(platform)
    length = len(text) - len(" ".join(f"{name}={word}" for name, word in words.items()))
    words["arch"] = words["arch"][:length] if length < 0 else words["arch"] + "x" * length
    return " ".join(f"{name}={word}" for name, word in words.items())


def slug_in(text):
    """The slug in parentheses at the end of a message's first line: a framework that makes the exception anew keeps
    the text and loses the attribute."""
    import re

    found = re.search(r"\(([a-z]+(?:-[a-z0-9]+)+|frozen|untracked|misaligned)\)$", text.split("\n", 1)[0])
    return found.group(1) if found else None


def encode(kind, size, index, seed, values):
    """The bytes of one leaf: field in the high half, position in the low one, all moved by the seed."""
    marks = bytearray(((index + 1) * 16 + position + seed * 29) & 0xFF for position in range(size))
    if kind == "reserved":
        return bytes(size)
    if kind == "bool":
        return bytes([(index + seed) & 1])
    if kind == "enum":
        return bytes([values[(index + seed) % len(values)]])
    if kind == "char":
        return (0x4100 + (index + 1) * 16 + seed % 16).to_bytes(4, sys.byteorder)
    if kind == "float":
        # An exponent that is neither all ones nor all zeros: no NaN, which need not keep its bits.
        top = 0x40 | (index & 0xF)
        marks[size - 1 if sys.byteorder == "little" else 0] = top
        second = size - 2 if sys.byteorder == "little" else 1
        marks[second] &= 0x7F
    return bytes(marks)
