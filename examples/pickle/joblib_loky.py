"""joblib's processes, with the drop-in on both sides: by `LOKY_PICKLER`, and by `set_loky_pickler`. And with the writer."""

import os
import subprocess
import sys
import time


#: What is swapped in, and the module's name.
PICKLERS = {"cloudpickle": "cloudpickle", "variable": "interbind.pickle", "set": "interbind.pickle", "its own engine": "interbind.pickle.own"}


def work(pickler):
    """Run in a process of its own: loky reads the variable when it is imported."""
    import joblib
    from joblib.externals.loky import set_loky_pickler
    from joblib.externals.loky.backend import reduction

    if pickler == "set":
        set_loky_pickler("interbind.pickle")
    name = reduction.get_loky_pickler_name()
    table = {"factor": 3, "rows": list(range(2_000))}
    jobs = [joblib.delayed(lambda n, k=k: n * table["factor"] + k)(k) for k in range(2_000)]
    with joblib.Parallel(n_jobs=2, backend="loky", batch_size=20) as parallel:
        parallel(jobs[:4])
        start = time.perf_counter()
        found = parallel(jobs)
        taken = time.perf_counter() - start
        seen = parallel([joblib.delayed(lambda name: __import__("sys").modules.get(name) is not None)(PICKLERS[pickler])] * 2)
    assert found == [k * 3 + k for k in range(2_000)], found[:5]
    assert name == PICKLERS[pickler], name
    assert pickler == "cloudpickle" or all(seen), "the workers pickle with another module"
    print(taken)


def main():
    try:
        import joblib  # noqa: F401
    except ImportError:
        print("skip: joblib isn't installed")
        return
    times = {}
    for pickler in PICKLERS:
        environment = dict(os.environ)
        environment.pop("LOKY_PICKLER", None)
        if pickler not in ("cloudpickle", "set"):
            environment["LOKY_PICKLER"] = PICKLERS[pickler]
        command = [sys.executable, __file__, pickler]
        times[pickler] = float(subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout)
    print("joblib: 2,000 lambdas, right with each; " + ", ".join(f"{name} {taken:.2f} s" for name, taken in times.items()))


if __name__ == "__main__":
    work(sys.argv[1]) if sys.argv[1:] else main()
