"""Passes `frame`'s objects to `stats`, a wheel that was built apart; `examples/README.md` says how to run it."""
import frame, stats

a, b = frame.Point(1, 1), frame.Point(3, 3)
middle = stats.midpoint(a, b)
print("norm     ", stats.norm(frame.Point(3, 4)))
print("total    ", stats.total(frame.Series("price", [1, 2, 5])))
print("midpoint ", middle, type(middle) is frame.Point)
span = frame.Span(0, 0, 3, 4)
stats.shift(span, 1, 1)
print("shifted  ", span.ends())
try:
    stats.norm(frame.Series("price", [1, 2, 5]))
except TypeError as error:
    print("refused  ", error)
