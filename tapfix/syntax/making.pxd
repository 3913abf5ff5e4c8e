# What making.py does, compiled: objects filled in place.

from cpython.list cimport PyList_GetSlice

from .matching cimport Match
from .tree cimport Leaf, Node

cdef extern from *:
    """
    #define tapfix_drop_last(list, length) \\
        PyList_SetSlice(list, PyList_GET_SIZE(list) - (length), PyList_GET_SIZE(list), NULL)
    """
    int tapfix_drop_last(list values, Py_ssize_t length) except -1

cdef inline Leaf leaf(str kind, str value, str prefix, Py_ssize_t start):
    made = <Leaf>Leaf.__new__(Leaf)
    made.kind = kind
    made.value = value
    made.prefix = prefix
    made.start = start
    return made

cdef inline Node node(str kind, tuple children):
    made = <Node>Node.__new__(Node)
    made.kind = kind
    made.children = children
    return made

cdef inline tuple setting(Match line):
    return line.setting()

cdef inline tuple opening(Match line):
    return line.opening()

cdef inline tuple closing(Match line):
    return line.closing()

cdef inline list taken(list values, list states, Py_ssize_t length):
    cdef Py_ssize_t size = len(values)
    last = PyList_GetSlice(values, size - length, size)
    tapfix_drop_last(values, length)
    tapfix_drop_last(states, length)
    return last
