"""Functions by value in `multiprocessing`'s spawned children, which know nothing of this script's `__main__`."""

import multiprocessing
import time

import interbind.pickle
from interbind.pickle import own


def call(stream):
    """Run what a stream holds; Python finds this function by its name."""
    function, argument = interbind.pickle.loads(stream)
    return function(argument)


def jobs(module):
    table = {"factor": 3}
    return [module.dumps((lambda n, k=k: n * table["factor"] + k, k)) for k in range(500)]


def main():
    times = {}
    rivals = [interbind.pickle, own]
    try:
        import cloudpickle

        rivals.append(cloudpickle)
    except ImportError:
        print("cloudpickle isn't installed: nothing to be timed beside")
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        for module in rivals:
            pool.map(call, jobs(module)[:4])
            start = time.perf_counter()
            found = pool.map(call, jobs(module))
            times[module.__name__] = time.perf_counter() - start
            assert found == [k * 3 + k for k in range(500)]
    print("multiprocessing: 500 lambdas, right; " + ", ".join(f"{name} {taken:.3f} s" for name, taken in times.items()))


if __name__ == "__main__":
    main()
