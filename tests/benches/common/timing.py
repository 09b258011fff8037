# Times `rows` (name: (statement, globals, calls in the statement)): the best of interleaved rounds, in ns per call.
import random
import timeit

ROUNDS, SECONDS = 25, 0.003

timers = {name: timeit.Timer(code, globals=names) for name, (code, names, _) in rows.items()}
loops = {name: max(1, int(SECONDS / min(timer.repeat(5, 2000)) * 2000)) for name, timer in timers.items()}
best = dict.fromkeys(rows, float("inf"))
order, seeded = list(rows), random.Random(int(sys.argv[1]))
for _ in range(ROUNDS):
    seeded.shuffle(order)
    for name in order:
        best[name] = min(best[name], timers[name].timeit(loops[name]) / loops[name])
for name, seconds in best.items():
    print(name, seconds / rows[name][2] * 1e9, sep="\t")
