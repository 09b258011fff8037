"""distributed, with the drop-in as its cloudpickle: in the client, the scheduler and the workers."""

import os
import subprocess
import sys
import time

import _shim

#: What is swapped in, and the name by which it is known.
PICKLERS = {"cloudpickle": "cloudpickle", "interbind": "interbind.pickle", "its own engine": "interbind.pickle.own"}


def work(pickler):
    import cloudpickle
    from distributed import Client

    assert cloudpickle.__name__ == PICKLERS[pickler]
    table = {"factor": 3}

    class Step:
        def __init__(self, k):
            self.k = k

        def __call__(self, n):
            return n * table["factor"] + self.k

    with Client(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as client:
        names = client.run(lambda: __import__("cloudpickle").__name__)
        assert set(names.values()) == {cloudpickle.__name__}, names
        client.submit(lambda: 1).result()
        start = time.perf_counter()
        futures = [client.submit(Step(k), k) for k in range(200)]
        futures += [client.submit(lambda n, k=k: n + k, k) for k in range(200)]
        found = client.gather(futures)
        taken = time.perf_counter() - start
    assert found == [k * 3 + k for k in range(200)] + [2 * k for k in range(200)]
    print(taken)


def main():
    try:
        import distributed  # noqa: F401
    except ImportError:
        print("skip: distributed isn't installed")
        return
    times = {}
    for pickler in PICKLERS:
        environment = dict(os.environ)
        if pickler != "cloudpickle":
            path = [_shim.folder(own=pickler != "interbind"), *filter(None, [environment.get("PYTHONPATH")])]
            environment["PYTHONPATH"] = os.pathsep.join(path)
        command = [sys.executable, __file__, pickler]
        done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
        times[pickler] = float(done.stdout.split()[-1])
    print("distributed: 400 tasks, right with each; " + ", ".join(f"{name} {taken:.2f} s" for name, taken in times.items()))


if __name__ == "__main__":
    work(sys.argv[1]) if sys.argv[1:] else main()
