"""joblib's processes, with the drop-in on both sides: by `LOKY_PICKLER`, and by `set_loky_pickler`."""

import os
import subprocess
import sys
import time


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
        seen = parallel([joblib.delayed(lambda: __import__("sys").modules.get("interbind.pickle") is not None)()] * 2)
    assert found == [k * 3 + k for k in range(2_000)], found[:5]
    assert name == ("cloudpickle" if pickler == "cloudpickle" else "interbind.pickle"), name
    assert pickler == "cloudpickle" or all(seen), "the workers pickle with another module"
    print(taken)


def main():
    try:
        import joblib  # noqa: F401
    except ImportError:
        print("skip: joblib isn't installed")
        return
    times = {}
    for pickler in ("cloudpickle", "variable", "set"):
        environment = dict(os.environ)
        environment.pop("LOKY_PICKLER", None)
        if pickler == "variable":
            environment["LOKY_PICKLER"] = "interbind.pickle"
        command = [sys.executable, __file__, pickler]
        times[pickler] = float(subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout)
    print("joblib: 2,000 lambdas, right with each; " + ", ".join(f"{name} {taken:.2f} s" for name, taken in times.items()))


if __name__ == "__main__":
    work(sys.argv[1]) if sys.argv[1:] else main()
