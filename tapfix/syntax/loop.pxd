# The types of the loop when it is compiled. loop.py is the source, and runs unchanged where nothing is compiled.

cimport cython

from . cimport making
from .matching cimport CodePattern, ElementsPattern, Match, QuotedPattern
from .tree cimport EmptyBody, Item, Leaf, Node

cdef Py_ssize_t _IDENTIFIER, _NUMBER_LIT, _NEWLINE, _EOF, _O_QUOTE, _C_QUOTE, _QUOTED_LIT, _O_HEREDOC, _C_HEREDOC
cdef Py_ssize_t _STRING_LIT, _INTERP, _CONTROL, _SEQUENCE_END, _O_BRACE, _C_BRACE, _STAR, _FOR
cdef Py_ssize_t _TERM, _INTERPOLATION, _STEPS, _LABELS, _LABEL
cdef Py_ssize_t _KEEP, _POP
cdef list _MODE_AFTER
cdef dict _TEMPLATE, _LINES
cdef tuple _NO_LINES
cdef set _BODIES

cdef Py_ssize_t ACCEPT, PASS, NODE, LIST, GROW, SPLICED_NODE, SPLICED_LIST
cdef Py_ssize_t AFTER_LINES, CLOSING_END, CLOSING_QUOTE, DOTTED, DOTTED_PART, IDENTIFIER, LITERAL, MARKS, NAME
cdef Py_ssize_t NEWLINE, NUMBER, OPEN_HEREDOC, QUOTE, SETTING_END, TEMPLATE, SETTING, OPENING, INTERPOLATED
cdef Py_ssize_t BRACKETS, HEREDOC, INTERPOLATION, LINES, QUOTED
cdef dict KEYWORD, MARK
cdef tuple ACTIONS, GOTO, LANDING, LANDINGS, LEAF_KINDS, RULES

@cython.locals(
    text=str, actions=tuple, goto=tuple, landing=tuple, landings=tuple, rules=tuple, kinds=tuple,
    at_free=CodePattern, at_line=CodePattern, at_start=CodePattern, at_quoted=QuotedPattern, elements=ElementsPattern,
    match=Match, line=Match, ahead=Match,
    states=list, values=list, modes=list, heredocs=list,
    state=Py_ssize_t, mode=Py_ssize_t, free=bint, suspect=bint, position=Py_ssize_t, size=Py_ssize_t,
    run=Py_ssize_t, part=Py_ssize_t,
    line_may_begin=bint,
    terminal=Py_ssize_t, start=Py_ssize_t, prefix=str, value=str, head=str, dot=Py_ssize_t, length=Py_ssize_t,
    action=Py_ssize_t, rule=tuple, left=Py_ssize_t, build=Py_ssize_t, kind=str,
    row=tuple, grown=list, taken=list, nested_openers=bint, at=Py_ssize_t, lines=list, following=Py_ssize_t,
    opened=Py_ssize_t, labels=str, gap=str, rest=str, newline=str, template=Py_ssize_t, block=Node, block_newline=Leaf,
    names=list, change=Py_ssize_t,
)
cpdef parse_item(source, Py_ssize_t base)

@cython.locals(opening=Leaf, closing=Leaf)
cdef Node _quoted(str text, str prefix, Py_ssize_t at)

@cython.locals(parts=list, end=Py_ssize_t, done=Py_ssize_t, opened=Py_ssize_t)
cdef Node _template(str value, str prefix, Py_ssize_t at)

@cython.locals(opened=Leaf, closed=Leaf)
cdef Node _interpolation(str dotted, Py_ssize_t at)

@cython.locals(names=list, root=Leaf)
cdef object _reference(str dotted, str prefix, Py_ssize_t at)

@cython.locals(steps=list, name=str)
cdef list _steps(list names, Py_ssize_t at)

@cython.locals(end=Py_ssize_t, done=Py_ssize_t, children=list, space=str, element=str, gap=str, comma=str)
cdef Node _tuple(str value, str prefix, Py_ssize_t at, ElementsPattern elements)

@cython.locals(first=Py_UCS4)
cdef object _simple(str value, str prefix, Py_ssize_t at)

@cython.locals(prefix=str, name=str, gap=str, indent=str, value=str, rest=str, newline=str, name_leaf=Leaf, equal=Leaf)
cdef int _add_setting(list lines, str kind, Match line, ElementsPattern elements, Py_ssize_t at) except -1

@cython.locals(state=Py_ssize_t, following=Py_ssize_t, before=list)
cdef Py_ssize_t _add_lines(list values, list states, list lines) except -1

@cython.locals(labelled=bint, opening=list, lines=list, children=tuple)
cdef Node _closed(list values, list states, Leaf brace)

@cython.locals(made=list, pieces=list, n=Py_ssize_t, piece=str, gap=str)
cdef list _labels(str labels, Py_ssize_t at)

cdef str _last_kind(list values)

@cython.locals(spliced=list)
cdef list _spliced(list values)

@cython.locals(names=list, node=Node)
cdef bint _repeats_a_name(elements) except -1
