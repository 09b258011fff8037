"""Apache Beam's DirectRunner, with the drop-in in place of the copy of cloudpickle that Beam brings along."""

import sys
import time
import types


#: What is swapped in, and the name by which it is known.
PICKLERS = {"own copy": None, "interbind": "interbind.pickle.cloudpickle", "its own engine": "interbind.pickle.own"}


def engine(inside):
    """Return a module with the drop-in's names, and the pickler of the other engine."""
    import copyreg

    from interbind.pickle import own

    class CloudPickler(own.Pickler):
        def __init__(self, file, protocol=None, buffer_callback=None, config=None):
            super().__init__(file, protocol, buffer_callback=buffer_callback)
            # Beam adds its own.
            self.dispatch_table = copyreg.dispatch_table.copy()

    module = types.ModuleType(PICKLERS["its own engine"])
    module.CloudPickler = module.Pickler = CloudPickler
    module.__getattr__ = lambda name: getattr(inside, name)
    return module


def replace(pickler):
    """Put the drop-in where Beam looks for its copy, or the other engine; before Beam is imported."""
    import interbind.pickle
    import interbind.pickle.cloudpickle as inside

    if pickler == "its own engine":
        inside = engine(inside)
    package = types.ModuleType("apache_beam.internal.cloudpickle")
    package.__path__ = []
    package.cloudpickle = inside
    package.__getattr__ = lambda name: getattr(interbind.pickle, name)
    sys.modules["apache_beam.internal.cloudpickle"] = package
    sys.modules["apache_beam.internal.cloudpickle.cloudpickle"] = inside


def work(pickler):
    if PICKLERS[pickler]:
        replace(pickler)
    import apache_beam as beam
    from apache_beam.internal import cloudpickle_pickler

    used = cloudpickle_pickler.cloudpickle.__name__
    assert used == (PICKLERS[pickler] or "apache_beam.internal.cloudpickle.cloudpickle"), used
    factor = {"by": 3}

    class Multiply(beam.DoFn):
        def __init__(self, add):
            self.add = add

        def process(self, element):
            yield element * factor["by"] + self.add

    for turn in range(31):
        # The first imports what the others use.
        start = time.perf_counter() if turn == 1 else start if turn else 0
        step = (Multiply(1), lambda n: n % 2 == 0, [lambda n, k=k: n + k for k in range(20)])
        loaded = cloudpickle_pickler.loads(cloudpickle_pickler.dumps(step))
        assert list(loaded[0].process(2)) == [7] and loaded[1](2) and loaded[2][3](1) == 4
    taken = time.perf_counter() - start
    found = []
    with beam.Pipeline(runner="DirectRunner", options=beam.options.pipeline_options.PipelineOptions(["--pickle_library=cloudpickle"])) as pipeline:
        made = pipeline | beam.Create(list(range(20))) | beam.ParDo(Multiply(1)) | beam.Filter(lambda n: n % 2 == 0)
        made | beam.combiners.Count.Globally() | beam.Map(lambda n: check(n))
    print(taken)


def check(count):
    assert count == 10, count
    return count


def main():
    import subprocess

    try:
        import apache_beam  # noqa: F401
    except ImportError:
        print("skip: apache_beam isn't installed")
        return
    times = {}
    for pickler in PICKLERS:
        command = [sys.executable, __file__, pickler]
        times[pickler] = float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()[-1])
    print("Beam: a pipeline and 30 steps, right with each; " + ", ".join(f"{name} {taken:.3f} s" for name, taken in times.items()))


if __name__ == "__main__":
    work(sys.argv[1]) if sys.argv[1:] else main()
