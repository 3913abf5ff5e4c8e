# The layout of the tree when it is compiled: the same classes, with their fields in the object itself.

cimport cython

@cython.final
@cython.freelist(4096)
cdef class Leaf:
    cdef readonly str kind
    cdef readonly str value
    cdef readonly str prefix
    cdef readonly Py_ssize_t start

@cython.freelist(4096)
cdef class Node:
    cdef readonly str kind
    cdef readonly tuple children

    @cython.locals(parts=list, waiting=list, leaf=Leaf, node=Node)
    cpdef str code(self)

cdef class EmptyBody(Node):
    cdef Py_ssize_t _place

cdef class Item:
    cdef readonly Py_ssize_t start
    cdef readonly str text
    cdef readonly object node
    cdef readonly Leaf newline
    cdef readonly tuple diagnostics
