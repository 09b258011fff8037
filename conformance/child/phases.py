"""The phases of a cell: load, act (once per type), unload; in one interpreter or two, one life or two.

Called by run_cell.py, and by itself in a second interpreter. The environment is clean and holds INTERBIND_EVENTS, the log's path.
"""

import importlib.util
import os
import sys

import probes

THREADS = 4
PATIENCE = 15


def set_limits(spec):
    """No core files, no runaway memory or output, and an end when the launcher is gone; where a limit is unknown the launcher's
    clock remains."""
    try:
        import _signal

        _signal.alarm(spec.get("alarm", 0))
    except (ImportError, AttributeError):
        pass
    try:
        import resource
    except ImportError:
        return
    wanted = [("RLIMIT_CORE", 0), ("RLIMIT_FSIZE", 64 << 20)]
    if spec.get("address_space"):
        wanted.append(("RLIMIT_AS", spec["address_space"]))
    for name, value in wanted:
        try:
            resource.setrlimit(getattr(resource, name), (value, value))
        except (AttributeError, ValueError, OSError):
            pass


def load_module(part):
    spec = importlib.util.spec_from_file_location(part["module"], part["file"])
    if spec is None:
        raise ImportError(f"this interpreter knows no loader for {os.path.basename(part['file'])}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[part["module"]] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(part["module"], None)
        raise
    return module


class Installed:
    """Finds one of the two where the other imports it by its name, as if both were installed."""

    def __init__(self, *parts):
        self.parts, self.found = {part["module"]: part for part in parts}, set()

    def find_spec(self, name, path=None, target=None):
        if name not in self.parts:
            return None
        self.found.add(name)
        return importlib.util.spec_from_file_location(name, self.parts[name]["file"])

    def module(self, part):
        """The module, which the other one may have imported."""
        name = part["module"]
        return sys.modules[name] if name in self.found and name in sys.modules else load_module(part)


def load(cell, body=None):
    """Imports both, in the cell's order; True when both are there. A body's `midway(p)` runs in between."""
    installed = Installed(cell.spec["provider"], cell.spec["consumer"])
    sys.meta_path.append(installed)
    try:
        return load_both(cell, body, installed)
    finally:
        sys.meta_path.remove(installed)


def load_both(cell, body, installed):
    order = ["provider", "consumer"] if cell.spec["order"] == "p1" else ["consumer", "provider"]
    for role in order:
        if role == order[1] and body is not None and hasattr(body, "midway"):
            cell.log.say("step", step="midway")
            body.midway(cell)
        cell.log.say("step", step=f"import {role}")
        try:
            setattr(cell, role, probes.Side(cell, role, installed.module(cell.spec[role])))
        except Exception as error:
            cell.tell(error)
            return False
    return True


def load_body(cell):
    spec = importlib.util.spec_from_file_location("case_body", cell.spec["body"])
    body = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    spec.loader.exec_module(body)
    return body


def act_once(cell, act, kind):
    try:
        act(cell, kind)
    except Exception as error:
        cell.tell(error)


def act_in_threads(cell, act, kind):
    import threading

    barrier = threading.Barrier(THREADS)

    def work():
        barrier.wait(PATIENCE)
        act_once(cell, act, kind)

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def count(cell):
    return {role: getattr(cell, role).live() for role in ("provider", "consumer")}


def unload(cell):
    """Lets everything go; the counts must return."""
    cell.kept.clear()
    for side in (cell.provider, cell.consumer):
        side.last.raised = None
    if cell.provider.has("drop_all"):
        try:
            cell.provider.module.drop_all()
        except NotImplementedError:
            pass
    cell.collect()


def experiment(spec, log):
    """The three phases in the current interpreter."""
    cell = probes.Cell(spec, log)
    log.say("phase", phase="load")
    body = load_body(cell)
    if not load(cell, body):
        return cell
    start = count(cell)
    log.say("live", when="start", counts=start)
    log.say("phase", phase="act")
    act = body.act
    for kind in spec["types"] or [None]:
        log.say("type", type=kind)
        if spec["mode"] == "thr":
            act_in_threads(cell, act, kind)
        else:
            act_once(cell, act, kind)
    log.say("phase", phase="unload")
    if spec["mode"] == "exit":
        return cell
    unload(cell)
    log.say("live", when="end", counts=count(cell))
    return cell


def in_two_lives(spec, log):
    """The phases, and again with both modules imported anew."""
    cell = experiment(spec, log)
    for role in ("provider", "consumer"):
        sys.modules.pop(spec[role]["module"], None)
        setattr(cell, role, None)
    cell.collect()
    log.say("step", step="import both again")
    return experiment(spec, log)


def in_second_interpreter(spec, log):
    """Loads both here, then runs the phases in another interpreter, own-GIL (`sub`) or not (`shared`)."""
    own_gil = spec["mode"] == "sub"
    interpreters = None
    for name in ("_interpreters", "_xxsubinterpreters"):
        if importlib.util.find_spec(name) is not None:
            interpreters = importlib.import_module(name)
            break
    if interpreters is None or (own_gil and sys.version_info < (3, 12)):
        log.say("unsupported", what=spec["mode"])
        return None
    first = probes.Cell(spec, log)
    log.say("phase", phase="load")
    if not load(first):
        return first
    if sys.version_info >= (3, 13):
        other = interpreters.create("isolated" if own_gil else "legacy")
        run = interpreters.exec
    else:
        other = interpreters.create(isolated=own_gil)
        run = interpreters.run_string
    log.say("second", kind=spec["mode"])
    code = (
        "import sys\n"
        f"sys.path.insert(0, {probes.HERE!r})\n"
        "import phases, probes\n"
        f"log = probes.Log({os.environ['INTERBIND_EVENTS']!r})\n"
        f"log.count = {log.count + 100000}\n"
        f"phases.experiment(phases.read({sys.argv[1]!r}), log)\n"
    )
    failure = run(other, code)
    if failure is not None:
        raise RuntimeError(f"in the second interpreter: {failure}")
    log.say("step", step="destroy the second interpreter")
    interpreters.destroy(other)
    return first


def read(path):
    """Reads a description: JSON that the launcher wrote, which but for three words is Python too."""
    with open(path, encoding="utf-8") as file:
        return eval(file.read(), {"__builtins__": {}, "null": None, "true": True, "false": False})


def main():
    spec = read(sys.argv[1])
    set_limits(spec)
    log = probes.Log(os.environ["INTERBIND_EVENTS"])
    log.say("begin", cell=spec["cell"], python=sys.version)
    mode = spec["mode"]
    if mode in ("sub", "shared"):
        cell = in_second_interpreter(spec, log)
    elif mode == "reload":
        cell = in_two_lives(spec, log)
    else:
        cell = experiment(spec, log)
    log.say("done")
    return cell

