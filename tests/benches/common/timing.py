# Times `rows` (name: (statement, names, calls in the statement)), in ns per call: each round times every row once, in
# another order, so that the numbers of a round belong together.
#
# Ten statements a turn and local names: the loop and the look-up of a global aren't the call.
import random
import timeit

ROUNDS, SECONDS, TURNS = 25, 0.002, 10


def timer(code, names):
    setup = "; ".join(f"{name} = names[{name!r}]" for name in names)
    return timeit.Timer("; ".join([code] * TURNS), setup, globals={"names": names})


timers = {name: timer(code, names) for name, (code, names, _) in rows.items()}
loops = {name: max(1, int(SECONDS / min(timer.repeat(5, 200)) * 200)) for name, timer in timers.items()}
order, seeded = list(rows), random.Random(int(sys.argv[1]))
for _ in range(ROUNDS):
    seeded.shuffle(order)
    for name in order:
        seconds = timers[name].timeit(loops[name]) / loops[name]
        print(name, seconds / TURNS / rows[name][2] * 1e9, sep="\t")
