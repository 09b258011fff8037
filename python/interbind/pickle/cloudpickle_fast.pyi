from .cloudpickle import *
