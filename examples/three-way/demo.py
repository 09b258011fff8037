"""Passes points of four frameworks to functions of all of them."""

import cy_points
import nb_points
import pb_points
import py_points

modules = {"pybind11": pb_points, "nanobind": nb_points, "Cython": cy_points, "PyO3": py_points}

print("norm of a point of", *(f"{name:>8}" for name in modules))
for name, module in modules.items():
    found = [module.norm(other.Point(3, 4)) for other in modules.values()]
    print(f"{name + ' takes':18}", *(f"{value:8}" for value in found))

for name, module in modules.items():
    point = start = module.Point(0, 1)
    for other in modules.values():
        point = other.shift(point)
    print(f"around, from {name:8} x = {point.x}, the same object: {point is start}")

try:
    cy_points.norm("text")
except TypeError as error:
    print(str(error).splitlines()[0])
