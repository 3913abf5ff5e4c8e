"""Blocks against their schemas: what stands in them, what is missing, what has the wrong shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Final

from tapfix.module import Attribute, Block, Expr, call_arguments, string_value, walk
from tapfix.schema import BlockSchema, NestedBlock, TypeSchema
from tapfix.syntax import Leaf
from tapfix.verify.declarations import Declarations
from tapfix.verify.expressions import NUMBER, STRING, Typer
from tapfix.verify.language import (
    FORMS,
    MODULE_ARGUMENTS,
    PROVIDER_RESERVED,
    PROVISIONERS,
    RESERVED_VARIABLES,
    RESOURCE_ARGUMENTS,
    RESOURCE_BLOCKS,
    Form,
)
from tapfix.verify.types import (
    DYNAMIC,
    UNKNOWN,
    InvalidType,
    Names,
    Value,
    element_of,
    kind_of,
    misfit,
    parse_constraint,
)

_NOTHING: Final[Names] = {}
_MAX_DEPTH: Final = 60
"""How deep blocks are looked into: several times as deep as any provider's go."""


class Structure:
    """Checks all blocks of a module; the expressions in them are typed on the way."""

    def __init__(self, declarations: Declarations) -> None:
        self.declarations = declarations
        self.typer = Typer(declarations)
        self.module = declarations.module

    def check(self) -> None:
        for file in self.module.configuration:
            for attribute in file.attributes.values():
                what = f'an argument "{attribute.name}" stands outside of all blocks'
                self.declarations.report("schema", "unknown-argument", what, attribute)
        for block in self.module.blocks:
            self._top(block)

    def _report(self, kind: str, message: str, at: Block | Attribute, node: Expr | None = None) -> None:
        self.declarations.report("schema", kind, message, at, node)

    # --- top-level blocks ---------------------------------------------------------------------------------------

    def _top(self, block: Block) -> None:
        form = FORMS.get(block.type)
        if form is None:
            near = _suggestion(block.type, FORMS)
            self._report("unknown-block", f'there are no blocks of type "{block.type}"{near}', block)
            return
        if len(block.labels) != len(form.labels):
            wanted = f"{len(form.labels)} labels ({', '.join(form.labels)})" if form.labels else "no label"
            self._report("wrong-labels", f"a {block.type} block has {wanted}", block)
            return
        for label, node in zip(block.labels, block.label_nodes, strict=True):
            if block.type != "terraform" and not _is_name(label):
                self._report(
                    "invalid-name", f'"{label}" is no name: letters, digits, _ and - after a letter or _', block, node
                )
        match block.type:
            case "resource" | "data" | "ephemeral":
                self._resource(block)
            case "provider":
                self._provider(block)
            case "module":
                self._module(block)
            case "locals":
                for name in block.attributes:
                    self.typer.local(name)
                for nested in block.blocks:
                    self._report(
                        "unknown-block", f'a locals block holds no blocks: "{nested.type}" needs an equals sign', nested
                    )
            case "variable":
                self._variable(block)
            case "terraform":
                self._language(block, form, None)
            case "moved" | "import" | "removed":
                self._language(block, form, None)
            case "check":
                self._language(block, form, _NOTHING)
                for inner in block.blocks_of("data"):
                    for name in {"count", "for_each"} & inner.attributes.keys():
                        what = f'the data block of a check takes no "{name}"'
                        self._report("unknown-argument", what, inner.attributes[name])
                    if len(inner.labels) == 2:
                        self._resource(inner)
            case _:
                self._language(block, form, _NOTHING)
                self._depends_on(block)

    def _language(self, block: Block, form: Form, names: Names | None) -> None:
        """A block of the language. `names` is None where its arguments are no expressions."""
        for name, attribute in block.attributes.items():
            if name not in form.arguments and not form.open:
                kind = "block-for-argument" if name in form.blocks else "unknown-argument"
                near = _suggestion(name, form.arguments)
                self._report(kind, f'a {block.type} block has no argument "{name}"{near}', attribute)
            elif names is not None and name != "depends_on":
                self.typer.value(attribute.expr, attribute, names)
        for name in sorted(form.required):
            if name not in block.attributes:
                self._report("missing-argument", f'the argument "{name}" of the {block.type} block is missing', block)
        for nested in block.blocks:
            inner = form.blocks.get(nested.type)
            if inner is not None:
                if nested.type != "data":
                    self._language(nested, inner, names)
            elif form.open:
                if names is not None:
                    self._unknown(nested, names)
            elif nested.type in form.arguments:
                self._report(
                    "argument-for-block",
                    f'"{nested.type}" is an argument of the {block.type} block: it needs an equals sign',
                    nested,
                )
            else:
                near = _suggestion(nested.type, form.blocks)
                self._report("unknown-block", f'a {block.type} block holds no block "{nested.type}"{near}', nested)

    def _variable(self, block: Block) -> None:
        form = FORMS["variable"]
        if block.name in RESERVED_VARIABLES:
            self._report(
                "invalid-name",
                f'"{block.name}" is the name of a module block\'s own argument: no variable may have it',
                block,
            )
        names: Names = _NOTHING
        for name, attribute in block.attributes.items():
            if name not in form.arguments:
                near = _suggestion(name, form.arguments)
                self._report("unknown-argument", f'a variable block has no argument "{name}"{near}', attribute)
            elif name != "type":
                self._constant(attribute)
        kind = block.get("type")
        wanted = DYNAMIC
        if kind is not None:
            try:
                wanted = parse_constraint(kind.expr)
            except InvalidType as error:
                self._report("invalid-type", str(error), kind)
        default = block.get("default")
        if default is not None and not _refers(default.expr):
            value = self.typer.value(default.expr, default, names)
            reason = misfit(value, wanted)
            if reason:
                self._report("wrong-type", f"the default does not fit the variable's type: {reason}", default)
        for nested in block.blocks:
            if nested.type == "validation":
                self._language(nested, form.blocks["validation"], names)
            else:
                self._report("unknown-block", f'a variable block holds no block "{nested.type}"', nested)

    def _constant(self, attribute: Attribute) -> None:
        """An argument that Terraform reads before it knows any value."""
        for node in walk(attribute.expr):
            if node.kind == "call":
                self._report("not-constant", f'"{attribute.name}" takes no function calls here', attribute, node)
                return
            if node.kind == "traversal":
                self._report(
                    "not-constant", f'"{attribute.name}" takes no variables or other references here', attribute, node
                )
                return

    def _provider(self, block: Block) -> None:
        for name in PROVIDER_RESERVED & block.attributes.keys():
            self._report("reserved-argument", f'a provider block has no argument "{name}"', block.attributes[name])
        alias = block.get("alias")
        if alias is not None:
            text = string_value(alias.expr)
            if alias.expr.kind == "Identifier":
                text = alias.value
            if text is None or not _is_name(text):
                self._report("invalid-alias", "an alias is a plain name, the same for all instances", alias)
        schema = self.declarations.schema
        known = schema.provider(block.name) if schema and self.declarations.knows_provider(block.name) else None
        own = {"alias", "version"} | PROVIDER_RESERVED
        if known is None:
            self._unknown(block, _NOTHING, skip=own)
            return
        self._body(block, known, _NOTHING, own, frozenset())

    def _module(self, block: Block) -> None:
        names = self._instance_names(block)
        if "source" not in block.attributes:
            self._report("missing-argument", 'the argument "source" of the module block is missing', block)
        for nested in block.blocks:
            self._report("unknown-block", f'a module block holds no block "{nested.type}"', nested)
        for name in ("source", "version"):
            attribute = block.get(name)
            if attribute is not None and string_value(attribute.expr) is None:
                self._report("not-constant", f'"{name}" is a plain text: nothing can be filled in', attribute)
        self._depends_on(block)
        if self.declarations.lacks_callee(block):
            what = f"the module's folder {block.attributes['source'].value} is not there, or holds no .tf file"
            self.declarations.report("references", "missing-module", what, block)
        child = self.declarations.callee(block)
        types = Declarations(child).variable_types if child else {}
        complete = child is not None and not any(file.tree.diagnostics for file in child.configuration)
        for name, attribute in block.attributes.items():
            if name in MODULE_ARGUMENTS:
                continue
            if complete and child is not None and name not in child.variables:
                near = _suggestion(name, child.variables)
                self._report("unknown-argument", f'the module has no variable "{name}"{near}', attribute)
            self.typer.expect(attribute.expr, types.get(name, DYNAMIC), attribute, names, f'"{name}"')
        if complete and child is not None:
            for name, variable in child.variables.items():
                if name not in block.attributes and variable.get("default") is None:
                    self._report("missing-argument", f'the argument "{name}" of the module is missing', block)

    # --- resources ----------------------------------------------------------------------------------------------

    def _resource(self, block: Block) -> None:
        kind, type = block.type, block.labels[0]
        if self.declarations.rules_out(kind, type):
            what = "data source" if kind == "data" else "resource type"
            self._report("unknown-type", f"the provider has no {what} {type}", block, block.label_nodes[0])
        names = self._instance_names(block)
        self._depends_on(block)
        schema = self.declarations.type_schema(kind, type)
        blocks = RESOURCE_BLOCKS if kind == "resource" else {"lifecycle": RESOURCE_BLOCKS["lifecycle"]}
        for nested in block.blocks:
            if nested.type in blocks and not (schema and nested.type in schema.blocks):
                self._meta_block(nested, blocks[nested.type], names, schema)
        if schema is None:
            self._unknown(block, names, skip=RESOURCE_ARGUMENTS | frozenset(blocks))
        else:
            self._body(block, schema, names, RESOURCE_ARGUMENTS, frozenset(blocks) - schema.blocks.keys())

    def _instance_names(self, block: Block) -> Names:
        """What `each` and `count` are in a block; its count and for_each are checked."""
        names: dict[str, Value] = {}
        count, each = block.get("count"), block.get("for_each")
        if count is not None:
            self.typer.expect(count.expr, "number", count, _NOTHING, '"count"')
            names["count"] = Value(["object", {"index": NUMBER}])
        if each is not None:
            value = self.typer.value(each.expr, each, _NOTHING)
            kind = kind_of(value.type)
            if kind in ("list", "tuple", "string", "number", "bool"):
                word = "list" if kind == "tuple" else kind
                self._report("wrong-type", f"for_each takes a map or a set of strings, not a {word}", each)
            element = element_of(value.type)
            names["each"] = Value(["object", {"key": STRING, "value": STRING if kind == "set" else Value(element)}])
        if count is not None and each is not None:
            self._report("count-and-each", "a block has count or for_each, not both", each)
        return names

    def _meta_block(self, block: Block, form: Form, names: Names, schema: TypeSchema | None) -> None:
        if block.type != "lifecycle":
            if block.type == "provisioner" and (len(block.labels) != 1 or block.labels[0] not in PROVISIONERS):
                self._report("unknown-provisioner", f'there is no provisioner "{block.name}"', block)
            self._unknown(block, {**names, "self": UNKNOWN}, skip=("when", "on_failure"))
            return
        if block.outermost is not block and isinstance(block.parent, Block) and block.parent.type == "data":
            form = form._replace(arguments=frozenset())
        for name, attribute in block.attributes.items():
            if name not in form.arguments:
                self._report(
                    "unknown-argument",
                    f'a lifecycle block has no argument "{name}"{_suggestion(name, form.arguments)}',
                    attribute,
                )
            elif name in ("prevent_destroy", "create_before_destroy"):
                if _refers(attribute.expr):
                    self._report("not-constant", f'"{name}" is true or false: nothing can be filled in', attribute)
            elif name == "ignore_changes":
                self._ignored(attribute, schema)
            else:
                self.typer.value(attribute.expr, attribute, names)
        for nested in block.blocks:
            if nested.type in form.blocks:
                inner = names if nested.type == "precondition" else {**names, "self": UNKNOWN}
                self._language(nested, form.blocks[nested.type], inner)
            else:
                self._report("unknown-block", f'a lifecycle block holds no block "{nested.type}"', nested)

    def _ignored(self, attribute: Attribute, schema: TypeSchema | None) -> None:
        """The attributes that ignore_changes names exist."""
        if attribute.expr.kind != "tuple":
            return
        for item in call_arguments(attribute.expr):
            root = item.children[0] if item.kind == "traversal" else item
            name = root.value if isinstance(root, Leaf) else string_value(item)
            if schema is not None and name is not None and name not in schema and name != "all":
                self._report(
                    "unknown-attribute",
                    f'{schema.name} has no attribute "{name}" whose changes could be ignored',
                    attribute,
                    item,
                )

    def _depends_on(self, block: Block) -> None:
        """What depends_on names: whole blocks, that exist."""
        attribute = block.get("depends_on")
        if attribute is None:
            return
        if attribute.expr.kind != "tuple":
            self._report("invalid-dependency", "depends_on takes a list of addresses in brackets", attribute)
            return
        for item in call_arguments(attribute.expr):
            if item.kind == "traversal":
                last = item.children[-1]
                root = item.children[0]
                wanted = {"module": 2, "data": 3, "var": 2, "local": 2}.get(
                    root.value if isinstance(root, Leaf) else "", 2
                )
                steps = [child for child in item.children[1:] if child.kind == "get_attr"]
                if len(steps) >= wanted:
                    what = f"depends_on names whole blocks, not their attributes: {_spelling(item, wanted)}"
                    self._report("invalid-dependency", what, attribute, last)
                else:
                    self.typer.value(item, attribute, _NOTHING)
            elif string_value(item) is None:
                self._report("invalid-dependency", "depends_on takes addresses, no expressions", attribute, item)

    # --- bodies -------------------------------------------------------------------------------------------------

    def _unknown(self, block: Block, names: Names, skip: Iterable[str] = ()) -> None:
        """A body of which nothing is known: the expressions in it are looked at."""
        if _depth(block) > _MAX_DEPTH:
            return
        skipped = frozenset(skip)
        if block.type == "dynamic":
            names = self._dynamic_names(block, names)
        for name, attribute in block.attributes.items():
            if name not in skipped and not (block.type == "dynamic" and name in ("iterator", "for_each")):
                self.typer.value(attribute.expr, attribute, names)
        for nested in block.blocks:
            if nested.type not in skipped:
                self._unknown(nested, names)

    def _body(
        self,
        block: Block,
        schema: BlockSchema,
        names: Names,
        own: frozenset[str] | set[str],
        own_blocks: frozenset[str],
    ) -> None:
        """A body against its schema. `own` and `own_blocks` are what Terraform itself takes in it."""
        if _depth(block) > _MAX_DEPTH:
            return
        for name, attribute in block.attributes.items():
            if name not in own:
                self._argument(block, schema, name, attribute, names)
        for name in schema.required:
            as_blocks = schema.attributes[name].as_blocks
            if name not in block.attributes and not (as_blocks and block.blocks_of(name)):
                self._report("missing-argument", f'the argument "{name}" of {title(block)} is missing', block)
        written: dict[str, int] = {}
        dynamic: set[str] = set()
        for nested in block.blocks:
            if nested.type in own_blocks:
                continue
            if nested.type == "dynamic" and len(nested.labels) == 1:
                dynamic.add(nested.labels[0])
                self._dynamic(block, schema, nested, names)
            else:
                written[nested.type] = written.get(nested.type, 0) + 1
                self._nested(block, schema, nested.type, nested, nested, names)
        for name in schema.required_blocks:
            self._least(block, name, schema.blocks[name].min_items, written.get(name, 0), name in dynamic)
        for name, number in written.items():
            self._most(block, name, schema.blocks.get(name), number)

    def _argument(self, block: Block, schema: BlockSchema, name: str, attribute: Attribute, names: Names) -> None:
        known = schema.attributes.get(name)
        if known is not None and known.settable:
            value = self.typer.expect(attribute.expr, known.type, attribute, names, f'"{name}"')
            if known.required and value.constant is None:
                self._report("missing-argument", f'the argument "{name}" of {title(block)} is null', attribute)
            return
        self.typer.value(attribute.expr, attribute, names)
        if known is not None:
            self._report(
                "computed-argument", f'"{name}" of {title(block)} cannot be set: the provider decides it', attribute
            )
        elif name in schema.blocks:
            self._report(
                "block-for-argument", f'"{name}" of {title(block)} is a block: it takes no equals sign', attribute
            )
        else:
            near = _suggestion(name, schema)
            self._report("unknown-argument", f'{title(block)} has no argument "{name}"{near}', attribute)

    def _dynamic(self, block: Block, schema: BlockSchema, dynamic: Block, names: Names) -> None:
        names = self._dynamic_names(dynamic, names)
        contents = dynamic.blocks_of("content")
        if len(contents) != 1 or dynamic.get("for_each") is None:
            self._report("invalid-dynamic", "a dynamic block has for_each and one content block", dynamic)
        for content in contents:
            self._nested(block, schema, dynamic.labels[0], dynamic, content, names)

    def _dynamic_names(self, dynamic: Block, names: Names) -> Names:
        """The names in a dynamic block's content: the iterator is bound there."""
        each, iterator = dynamic.get("for_each"), dynamic.get("iterator")
        element = self.typer.value(each.expr, each, names).type if each else DYNAMIC
        bound = iterator.value if iterator else dynamic.name
        return {**names, bound: Value(["object", {"key": UNKNOWN, "value": Value(element_of(element))}])}

    def _nested(self, block: Block, schema: BlockSchema, name: str, head: Block, body: Block, names: Names) -> None:
        """A nested block, written out (`head` is `body`) or as the content of a dynamic one."""
        rule = schema.blocks.get(name)
        if rule is not None:
            if head is body and head.labels and rule.nesting != "map":
                self._report("wrong-labels", f'a block "{name}" of {title(block)} has no label', head)
            self._body(body, rule.block, names, frozenset(), frozenset())
            return
        known = schema.attributes.get(name)
        if known is not None and known.as_blocks:
            self._object_block(body, known.type[1][1], names)
            return
        self._unknown(body, names)
        if known is not None:
            self._report(
                "argument-for-block", f'"{name}" of {title(block)} is an argument: it needs an equals sign', head
            )
        else:
            near = _suggestion(name, schema)
            self._report("unknown-block", f'{title(block)} holds no block "{name}"{near}', head)

    def _object_block(self, block: Block, members: Mapping[str, object], names: Names) -> None:
        """A block that stands for one object of an attribute; none of its members need be there."""
        for name, attribute in block.attributes.items():
            if name in members:
                self.typer.expect(attribute.expr, members[name], attribute, names, f'"{name}"')
            else:
                self.typer.value(attribute.expr, attribute, names)
                self._report(
                    "unknown-argument",
                    f'a block "{block.type}" has no argument "{name}"{_suggestion(name, members)}',
                    attribute,
                )
        for nested in block.blocks:
            self._unknown(nested, names)
            if nested.type not in members and nested.type != "dynamic":
                self._report("unknown-block", f'a block "{block.type}" holds no block "{nested.type}"', nested)

    def _least(self, block: Block, name: str, least: int, written: int, dynamic: bool) -> None:
        if written < least and not dynamic:
            few = f"at least {least}" if least > 1 else "a"
            self._report("too-few-blocks", f'{few} block "{name}" of {title(block)} is missing', block)

    def _most(self, block: Block, name: str, rule: NestedBlock | None, written: int) -> None:
        if rule is not None and rule.max_items is not None and written > rule.max_items:
            extra = [nested for nested in block.blocks if nested.type == name][rule.max_items]
            self._report(
                "too-many-blocks", f'no more than {rule.max_items} block "{name}" may stand in {title(block)}', extra
            )


def _depth(block: Block) -> int:
    depth, around = 0, block.parent
    while around is not None:
        depth, around = depth + 1, around.parent
    return depth


def title(block: Block) -> str:
    """What a block is called in a message."""
    if block.parent is None:
        return block.labels[0] if block.labels else block.type
    if block.type == "content" and isinstance(block.parent, Block) and block.parent.type == "dynamic":
        return f"the block {block.parent.name}"
    return f"the block {block.type}"


def _suggestion(name: str, known: Iterable[str]) -> str:
    names = list(known)
    near = get_close_matches(name, names, n=1, cutoff=0.8) or [each for each in names if each.startswith(f"{name}_")]
    return f'; "{near[0]}" is meant, perhaps' if len(near) == 1 else ""


def _is_name(text: str) -> bool:
    return text.replace("-", "_").isidentifier() and not text.startswith("-")


def _refers(expr: Expr) -> bool:
    return any(node.kind in ("traversal", "call") for node in walk(expr))


def _spelling(item: Expr, names: int) -> str:
    parts = [leaf.value for child in item.children[:names] for leaf in _leaves(child) if leaf.kind == "Identifier"]
    return ".".join(parts)


def _leaves(node: Expr) -> Iterator[Leaf]:
    return (child for child in walk(node) if isinstance(child, Leaf))
