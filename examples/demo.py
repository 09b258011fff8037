"""Two extensions that were built apart: `frame` provides classes, `stats` takes their objects."""
import frame, stats

point = frame.Point(3, 4)
print("norm     ", stats.norm(point))                              # another build reads the fields
series = frame.Series("heights", [1.5, 2.5, 4.0])
print("total    ", stats.total(series))                            # another build calls the interface
middle = stats.midpoint(point, frame.Point(1, 0))
print("midpoint ", middle, type(middle) is frame.Point)            # another build makes the provider's object
span = frame.Span(0, 0, 3, 4)
stats.shift(span, 1, 1)                                            # another build writes, under PyO3's own borrow flags
print("shifted  ", span.ends())
try:
    stats.norm(series)
except TypeError as error:
    print("refused  ", error)
