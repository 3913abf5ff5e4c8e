# The types of the patterns that are matched by hand. matching.py is the source.

cimport cython

cdef Py_ssize_t _DOTTED, _IDENTIFIER, _OPEN_HEREDOC, _MARKS, _NEWLINE, _TEMPLATE, _NUMBER, _QUOTE, _END
cdef Py_ssize_t _SETTING_END, _OPENING_END, _CLOSING_END, _AFTER_LINES
cdef Py_ssize_t _LITERAL, _DOTTED_PART, _SEQUENCE, _CLOSING_QUOTE

@cython.final
@cython.freelist(8)
cdef class Match:
    cdef str _text
    cdef Py_ssize_t _begin, _start, _token_end, _first, _second, _third, _rest, _end
    cdef readonly Py_ssize_t lastindex

    cpdef str group(self, Py_ssize_t group=*)

    cpdef tuple groups(self)

    @cython.locals(text=str)
    cdef tuple setting(self)

    @cython.locals(text=str)
    cdef tuple opening(self)

    @cython.locals(text=str)
    cdef tuple closing(self)

    cpdef Py_ssize_t end(self)

@cython.final
cdef class CodePattern:
    cdef bint _free, _lines, _block_comments, _runs

    @cython.locals(
        start=Py_ssize_t, lines=bint, shift=Py_ssize_t, size=Py_ssize_t, at=Py_ssize_t, end=Py_ssize_t,
        length=Py_ssize_t, first=Py_UCS4, line=Match,
    )
    cpdef Match match(self, str text, Py_ssize_t position)

    @cython.locals(size=Py_ssize_t, end=Py_ssize_t, character=Py_UCS4, following=Py_UCS4)
    cdef Py_ssize_t _prefix_end(self, str text, Py_ssize_t at, bint free)

    @cython.locals(at=Py_ssize_t, line=Match)
    cdef Match _named(self, str text, Py_ssize_t position, Py_ssize_t start, bint lines, Py_ssize_t shift)

    @cython.locals(size=Py_ssize_t, at=Py_ssize_t, value=Py_ssize_t, end=Py_ssize_t, labels_end=Py_ssize_t)
    cdef Match _named_line(self, str text, Py_ssize_t position, Py_ssize_t start, Py_ssize_t name_end)

    @cython.locals(rest=Py_ssize_t, end=Py_ssize_t, line=Match)
    cdef Match _line(
        self, str text, Py_ssize_t begin, Py_ssize_t start, Py_ssize_t token_end,
        Py_ssize_t first, Py_ssize_t second, Py_ssize_t third, Py_ssize_t lastindex,
    )

@cython.final
cdef class ElementsPattern:
    @cython.locals(found=list, start=Py_ssize_t, element_end=Py_ssize_t, gap_end=Py_ssize_t, comma_end=Py_ssize_t)
    cpdef list findall(self, str text, Py_ssize_t position, Py_ssize_t end)

@cython.final
cdef class QuotedPattern:
    cdef bint _runs

    @cython.locals(size=Py_ssize_t, at=Py_ssize_t, end=Py_ssize_t, character=Py_UCS4)
    cpdef Match match(self, str text, Py_ssize_t position)

@cython.locals(match=Match)
cdef Match _matched(str text, Py_ssize_t begin, Py_ssize_t start, Py_ssize_t end, Py_ssize_t lastindex)

cdef bint _begins_name(Py_UCS4 character) noexcept
cdef bint _continues_name(Py_UCS4 character) noexcept

@cython.locals(size=Py_ssize_t)
cdef Py_ssize_t _name_end(str text, Py_ssize_t at) noexcept
@cython.locals(size=Py_ssize_t)
cdef Py_ssize_t _wide_name_end(str text, Py_ssize_t at) noexcept
@cython.locals(size=Py_ssize_t)
cdef Py_ssize_t _dotted_end(str text, Py_ssize_t at) noexcept
@cython.locals(size=Py_ssize_t)
cdef Py_ssize_t _spaces_end(str text, Py_ssize_t at) noexcept
@cython.locals(end=Py_ssize_t)
cdef Py_ssize_t _comment_end(str text, Py_ssize_t at, bint free) except -1
@cython.locals(size=Py_ssize_t, character=Py_UCS4)
cdef Py_ssize_t _template_end(str text, Py_ssize_t at, bint references) noexcept
@cython.locals(size=Py_ssize_t, first=Py_UCS4, end=Py_ssize_t)
cdef Py_ssize_t _simple_end(str text, Py_ssize_t at) noexcept
@cython.locals(size=Py_ssize_t)
cdef Py_ssize_t _list_end(str text, Py_ssize_t at) except -1
@cython.locals(size=Py_ssize_t, digit=Py_ssize_t)
cdef Py_ssize_t _number_end(str text, Py_ssize_t at) noexcept
@cython.locals(size=Py_ssize_t)
cdef Py_ssize_t _heredoc_opening_end(str text, Py_ssize_t at) noexcept
@cython.locals(size=Py_ssize_t, first=Py_UCS4, second=Py_UCS4)
cdef Py_ssize_t _mark_length(str text, Py_ssize_t at) noexcept
