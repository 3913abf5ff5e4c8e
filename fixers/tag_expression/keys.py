"""Tags that a clause demands by key, brought in by the module's own way of tagging.

First the module: the keys go to the provider's `default_tags`, to the module's common map, or to a new one. Then what
these do not reach: resources that do not use the common map, Auto Scaling groups, what a launch template starts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import NamedTuple

from tapfix.edits import Edit
from tapfix.fixer import Because, Context, Finding, Fixer
from tapfix.module import Attribute, Block, Module, compose, string_value

from ..shared.wording import listed
from .common_map import CommonMap, is_tag_map
from .conforming import Conformed, NewEntry, Unclear, conform
from .inheritance import default_tags_of, providers_of, takes_repeated_tags
from .key_values import KeyValues, plain
from .maps import NO_KEYS, Keys, TagContract, TagEntry, flattened, key_text, plain_address
from .names import name_of
from .preparation import insert_local
from .resource import FEW_TAGS, ResourceTags, insert_last
from .scaling_group import ScalingGroupTags
from .work import SCALING_GROUP, Tagged, TagWork

NAME = "Name"
"""The key whose value is each resource's own."""

_COMMON_NAMES = ("common_tags", "tags", "base_tags", "default_tags", "standard_tags", "required_tags", "mandatory_tags")
"""What the common map is called in most modules; the first one is the name of a new one."""

_NOTHING = TagContract((), ())


class Lack(NamedTuple):
    """A map of tags, or a resource without one, and the keys that it lacks."""

    tagged: Tagged
    keys: tuple[str, ...]
    """The missing keys whose value all resources share."""
    lacks_name: bool
    providers: tuple[Block, ...]
    """The provider blocks whose default tags reach the resource; none if they are not in the files."""
    nested: Attribute | None = None
    """The tags of what a launch template starts, if it is these that lack the keys."""


class KeyTags:
    """The demanded keys in one module."""

    def __init__(self, fixer: Fixer, module: Module, context: Context, because: Because) -> None:
        self.fixer, self.module, self.context, self.because = fixer, module, context, because
        self.keys = tuple(key for key in context.contract.tags.keys if key != NAME)
        self.wants_name = NAME in context.contract.tags.keys
        self.work = TagWork(fixer, module, context, _NOTHING, because)
        self.values = KeyValues(self.work)

    def findings(self) -> Iterator[Finding]:
        """What is refused, what the module needs first, else what each resource needs."""
        yield from self._refused()
        whole_module = [*self._in_providers(), *self._in_common_map()]
        yield from whole_module
        if not whole_module:
            for lack in self.lacks:
                yield from self._at_resource(lack)

    def _sibling(self, module: Module) -> KeyTags:
        return self if module is self.module else KeyTags(self.fixer, module, self.context, self.because)

    # --- what is missing ----------------------------------------------------------------------------------------------

    @cached_property
    def lacks(self) -> tuple[Lack, ...]:
        """The resources that lack keys."""
        return tuple(lack for lack in self._all_lacks() if lack.keys or lack.lacks_name)

    def _all_lacks(self) -> Iterator[Lack]:
        for tagged in self.work.tagged:
            attribute = tagged.block.get("tags")
            if attribute is None and tagged.block.blocks_of("tags"):
                continue  # written as a block, which the provider does not take
            own = self.work.maps.keys(attribute, attribute.expr) if attribute is not None else NO_KEYS
            inherits = "tags_all" in tagged.schema.attributes
            providers = providers_of(self.context.project, self.module, tagged.block) if inherits else ()
            yield self._lack(tagged, own.with_(self._from_providers(providers)), providers)
            for nested in _started(tagged.block):
                yield self._lack(tagged, self.work.maps.keys(nested, nested.expr), (), nested)
        for tagged in self.work.groups:
            if tagged.block.get("tags") is None:
                yield self._lack(tagged, self._of_group(tagged.block), ())

    def _lack(self, tagged: Tagged, held: Keys, providers: tuple[Block, ...], nested: Attribute | None = None) -> Lack:
        missing = [] if held.possible is None else [key for key in self.keys if key not in held.possible]
        # A key in another spelling is a question, and not a second tag.
        spelled = {plain(key) for key in held.possible or ()}
        name = self.wants_name and nested is None and held.possible is not None and NAME not in held.possible
        return Lack(tagged, tuple(key for key in missing if plain(key) not in spelled), name, providers, nested)

    def _from_providers(self, providers: Sequence[Block]) -> Keys:
        found: Keys | None = None
        for provider in providers:
            tags = default_tags_of(provider)
            maps = self.work.maps.of(self.context.project.module_of(provider.file))
            keys = maps.keys(tags, tags.expr) if tags is not None else NO_KEYS
            found = keys if found is None else found.or_(keys)
        return found or NO_KEYS

    def _of_group(self, block: Block) -> Keys:
        """The keys of an Auto Scaling group's `tag` blocks."""
        found = NO_KEYS
        for tag in block.blocks_of("tag"):
            key, each = tag.get("key"), tag.get("for_each")
            if tag.type == "dynamic":
                found = found.with_(
                    self.work.maps.keys(each, each.expr) if each is not None else Keys(frozenset(), None)
                )
            else:
                name = string_value(key.expr) if key is not None else None
                found = found.with_(Keys.exactly([name]) if name is not None else Keys(frozenset(), None))
        return found

    @cached_property
    def _other_spellings(self) -> dict[str, str]:
        """The demanded keys that the module's tags spell otherwise, with that spelling."""
        found: dict[str, str] = {}
        maps = [(self.work.maps, attribute, expr) for attribute, expr in self.work.maps_of_tags()]
        for holder, attribute, expr in maps:
            possible = holder.keys(attribute, expr).possible or ()
            for key in self.keys:
                other = next((k for k in sorted(possible) if k != key and plain(k) == plain(key)), None)
                if other is not None and key not in possible:
                    found.setdefault(key, other)
        return found

    # --- what a person has to decide ----------------------------------------------------------------------------------

    def _refused(self) -> Iterator[Finding]:
        main = self.module.main
        if main is None:
            return
        for key, other in self._other_spellings.items():
            message = f"the tags have {other}, where {key} was asked for"
            yield self.work.refuse(main, message, f"decide on one spelling: AWS takes {other} and {key} for two tags")
        lacks = self._asked_here()
        missing = {key for lack in lacks for key in lack.keys}
        unknown = [key for key in self.keys if key in missing - self._other_spellings.keys() and not self._rows([key])]
        if unknown:
            names = listed(unknown)
            count = sum(not missing.isdisjoint(unknown) for missing in ({*lack.keys} for lack in lacks))
            lack, tags = "resources lack" if count > 1 else "resource lacks", "tags" if len(unknown) > 1 else "tag"
            reason = f"decide the value of {names}: nothing in the files or in the clause says it"
            yield self.work.refuse(main, f"{count} {lack} the {tags} {names}", reason)

    def _asked_here(self) -> list[Lack]:
        """What lacks keys whose values this module decides: those of default tags are the root module's."""
        if self.is_given_tags:
            return []
        if not self.tags_by_provider:
            return [lack for lack in self.lacks if lack.nested is None]
        modules = self.context.project.modules if self.module.is_root else (self.module,)
        return [
            lack
            for module in modules
            for lack in self._sibling(module).lacks
            if lack.nested is None and (module is self.module or lack.providers)
            if self.module.is_root or not lack.providers
        ]

    def _value(self, key: str) -> str | None:
        if key in self._other_spellings:
            return None
        from_common = f"{self.common}[{compose.quoted(key)}]" if key in self.common_keys.certain else None
        return self.values.of(key) or from_common

    def _rows(self, keys: Iterable[str]) -> dict[str, str]:
        """Those of the keys whose values are known, in the order of the clause, with these."""
        wanted = frozenset(keys)
        return {key: value for key in self.keys if key in wanted and (value := self._value(key)) is not None}

    # --- the provider's default tags ----------------------------------------------------------------------------------

    @cached_property
    def tags_by_provider(self) -> bool:
        """Whether the project's way of tagging is `default_tags`, or becomes it."""
        root = self._sibling(self.context.project.root)
        if not self.context.contract.deliverable.provider_block:
            return False
        providers = [b for b in root.module.blocks_of("provider") if b.labels == ("aws",)]
        if any(default_tags_of(provider) is not None for provider in providers):
            return True
        if not providers or root.has_common_map or root.writes_tags_out:
            return False
        return takes_repeated_tags(root.module) or not root.has_some_keys

    @cached_property
    def has_some_keys(self) -> bool:
        """Whether a resource has a demanded key by itself."""
        keys = frozenset(self.keys)
        return any(
            possible is None or not keys.isdisjoint(possible)
            for holder, expr in self.work.maps_of_tags()
            for possible in [self.work.maps.keys(holder, expr).possible]
        )

    @cached_property
    def writes_tags_out(self) -> bool:
        """Whether most resources have the demanded keys in maps of their own, and only some lack them."""
        lacking = {lack.tagged.block.address for lack in self.lacks if self._rows(lack.keys)}
        return bool(lacking) and 2 * len(lacking) < len(self.work.tagged) + len(self.work.groups)

    def _in_providers(self) -> Iterator[Finding]:
        """The keys that go to provider blocks, for the resources of all modules."""
        if not self.module.is_root or not self.tags_by_provider:
            return
        wanted: dict[Block, set[str]] = {}
        for module in self.context.project.modules:
            for lack in self._sibling(module).lacks:
                for provider in lack.providers:
                    wanted.setdefault(provider, set()).update(lack.keys)
        added: dict[tuple[str, int], dict[str, str]] = {}
        # Providers with default tags go first, so that others can name the same local value.
        for provider, keys in sorted(wanted.items(), key=lambda item: default_tags_of(item[0]) is None):
            rows = self._rows(keys)
            if not rows:
                continue
            holder = self._map_of(provider)
            if holder is None:
                yield self.work.fix(
                    provider,
                    f"the resources of {_short(provider)} lack {listed(rows)}; its default_tags give them",
                    [provider.insert(f"\n{_default_tags(self._shared_defaults(rows, added))}")],
                )
            elif (holder.file.path, holder.start) not in added:
                added[holder.file.path, holder.start] = rows
                yield from self._into(holder, rows, "the provider's default_tags")

    def _map_of(self, provider: Block) -> Attribute | None:
        """The map that gives a provider's default tags: a local value, if `default_tags` is nothing but its name."""
        tags = default_tags_of(provider)
        address = plain_address(tags.expr) if tags is not None else None
        local = self.module.locals.get(address.removeprefix("local.")) if address and address[0] == "l" else None
        return local or tags

    def _shared_defaults(self, rows: Mapping[str, str], added: Mapping[tuple[str, int], Mapping[str, str]]) -> str:
        """The default tags of a further provider: the local value that another provider names, else the rows.

        `added` are the entries that maps get in this pass, by their places.
        """
        for provider in self.module.blocks_of("provider"):
            tags = default_tags_of(provider)
            address = plain_address(tags.expr) if tags is not None else None
            local = self._map_of(provider)
            if address is not None and address.startswith("local.") and local is not None:
                keys = self.work.maps.keys(local, local.expr).certain
                if rows.keys() <= keys | added.get((local.file.path, local.start), {}).keys():
                    return address
        return _object(rows)

    # --- the common map -----------------------------------------------------------------------------------------------

    @cached_property
    def common(self) -> str | None:
        """The local value or variable that most maps of tags begin with; else a local value with a usual name."""
        named = CommonMap(self.work).under_another_name()
        if named is not None:
            return named
        for name in _COMMON_NAMES:
            local = self.module.locals.get(name)
            if local is not None and is_tag_map(self.context, local):
                return f"local.{name}"
        return None

    @cached_property
    def common_keys(self) -> Keys:
        """The keys of the common map."""
        return self.work.maps.shared_keys(self.common) if self.common is not None else NO_KEYS

    @cached_property
    def has_common_map(self) -> bool:
        """Whether there is a common map that has, or can get, the keys that are missing."""
        if self.common is None or self.common.startswith("local."):
            return self.common is not None
        return self._rows(key for lack in self.lacks for key in lack.keys).keys() <= self.common_keys.certain

    @cached_property
    def is_given_tags(self) -> bool:
        """Whether the common map is a variable to which all callers pass their own common map, in the project."""
        if self.common is None or not self.common.startswith("var.") or not self.work.maps.callers:
            return False
        for _, call in self.work.maps.callers:
            given = call.get(self.common.removeprefix("var."))
            caller = self._sibling(self.context.project.module_of(call.file))
            parts = [plain_address(part) for part in flattened(given, given.expr)] if given is not None else []
            if caller.common not in parts:
                return False
        return True

    def _left(self) -> list[Lack]:
        """The resources whose missing keys the common map, or a new map, is to give."""
        return [
            lack
            for lack in self.lacks
            if lack.nested is None and lack.tagged.schema.name != SCALING_GROUP
            if not (self.tags_by_provider and lack.providers)
        ]

    def _in_common_map(self) -> Iterator[Finding]:
        """The keys that go to the common map, or the new map."""
        if self.is_given_tags:
            return  # the callers' common map gets the keys
        called = [self.context.project.callee(call) for call in self.module.blocks_of("module")]
        modules = [self.module, *(m for m in dict.fromkeys(called) if m is not None and m is not self.module)]
        given = [self, *(other for m in modules[1:] if (other := self._sibling(m)).is_given_tags)]
        left = [lack for tags in given for lack in tags._left() if self._rows(lack.keys)]
        rows = self._rows(key for lack in left for key in lack.keys)
        if not rows:
            return
        if not self.has_common_map:
            if len(left) > 1 and not self.writes_tags_out and self.module.main is not None:
                name = self.module.unused_name(_COMMON_NAMES[0], self.module.locals)
                message = f"{_count(left)} {listed(rows)}; local.{name} is made of them"
                yield self.work.fix(self.module.main, message, [insert_local(self.module, f"{name} = {_object(rows)}")])
            return
        fresh = {key: value for key, value in rows.items() if not self.common_keys.may_have(key)}
        local = self.module.locals.get((self.common or "").removeprefix("local."))
        if not fresh or local is None:
            return
        overridden = self._overridden(fresh)
        if overridden is None:
            yield from self._into(local, fresh, f"{self.common}")
        else:
            message = f"{_count(left)} {listed(fresh)}"
            yield self.work.refuse(local, message, f"{self.common} would win over {overridden}: decide which is meant")

    def _overridden(self, rows: Mapping[str, str]) -> str | None:
        """The key of a map that precedes the common map in a merge, and would lose its value to a new entry."""
        for holder, expr in self.work.maps_of_tags():
            parts = flattened(holder, expr)
            addresses = [plain_address(part) for part in parts]
            if self.common in addresses:
                for part in parts[: addresses.index(self.common)]:
                    for key in rows:
                        if self.work.maps.keys(holder, part).may_have(key):
                            return f"{key} in a map that precedes it"
        return None

    def _into(self, holder: Attribute, rows: dict[str, str], where: str) -> Iterator[Finding]:
        """Put entries into a map that all resources share."""
        outcome = conform(self.work.maps, holder, holder.expr, _entries(rows))
        message = f"the resources lack {listed(rows)}; {where} {'gives' if where[0] == 'l' else 'give'} them"
        if isinstance(outcome, Unclear):
            yield self.work.refuse(holder, message, outcome.reason)
        elif outcome is not None:
            yield self.work.fix(holder, message, outcome.edits)

    # --- one resource -------------------------------------------------------------------------------------------------

    @cached_property
    def _with_common(self) -> TagWork | None:
        """The rule's work with the common map as the expression."""
        if self.common is None:
            return None
        contract = TagContract((self.common,), (TagEntry(NAME, None),) if self.wants_name else ())
        return TagWork(self.fixer, self.module, self.context, contract, self.because)

    def _at_resource(self, lack: Lack) -> Iterator[Finding]:
        """What a resource needs by itself."""
        if self.tags_by_provider and lack.providers and not lack.lacks_name:
            return  # the provider gives what has a value
        rows = self._rows(lack.keys) if not (self.tags_by_provider and lack.providers) else {}
        common = self._with_common
        if common is not None and rows and rows.keys() <= self.common_keys.certain and lack.nested is None:
            handler = ScalingGroupTags if lack.tagged.schema.name == SCALING_GROUP else ResourceTags
            for finding in handler(common, lack.tagged).findings():
                names = listed([*rows, *([NAME] if lack.lacks_name else [])])
                yield finding._replace(message=f"its tags lack {names}, which {self.common} has")
            return
        if lack.lacks_name:
            rows[NAME] = name_of(self.module, self.context, lack.tagged.block, lack.tagged.schema).text
        if not rows:
            return
        outcome = self._written_out(lack, rows)
        what = "the tags of what it starts" if lack.nested is not None else "its tags"
        at = lack.nested or lack.tagged.block.get("tags") or lack.tagged.block
        if isinstance(outcome, str):
            yield self.work.refuse(at, f"{what} lack {listed(rows)}", outcome)
        elif outcome:
            yield self.work.fix(at, f"{what} lack {listed(rows)}", outcome)

    def _written_out(self, lack: Lack, rows: Mapping[str, str]) -> Sequence[Edit] | str:
        """The edits that write entries into a resource's own tags; or why that cannot be done."""
        block, schema = lack.tagged
        if schema.name == SCALING_GROUP:
            return self._in_group(block, rows)
        attribute = lack.nested or block.get("tags")
        own = self.work.maps.keys(attribute, attribute.expr) if attribute is not None else NO_KEYS
        limit = FEW_TAGS.get(schema.name)
        if limit is not None and len((own.possible or frozenset()) | rows.keys()) > limit:
            return f"{schema.name} takes {limit} tags: decide which of them it is to have"
        if attribute is None:
            text = _object(rows)
            return [insert_last(block, f"tags = {text}")]
        return _edits(conform(self.work.maps, attribute, attribute.expr, _entries(rows)))

    def _in_group(self, block: Block, rows: Mapping[str, str]) -> Sequence[Edit] | str:
        """Entries as `tag` blocks of an Auto Scaling group, or in the map of its dynamic ones."""
        tags = block.blocks_of("tag")
        dynamic = next((each for tag in tags if tag.type == "dynamic" and (each := tag.get("for_each"))), None)
        fixed = [tag for tag in tags if tag.type == "tag"]
        if dynamic is not None and not fixed and dynamic.expr.kind not in ("for_tuple", "for_object", "tuple"):
            return _edits(conform(self.work.maps, dynamic, dynamic.expr, _entries(rows)))
        propagate = fixed[-1].get("propagate_at_launch") if fixed else None
        propagates = propagate.value if propagate is not None else "true"
        blocks = [
            compose.block(
                "tag",
                body=compose.attributes(
                    {"key": compose.quoted(key), "value": value, "propagate_at_launch": propagates}
                ),
            )
            for key, value in rows.items()
        ]
        text = "\n" + "\n".join(blocks).rstrip("\n")
        return [block.insert(text, after=fixed[-1]) if fixed else insert_last(block, text[1:])]


def _started(block: Block) -> Iterator[Attribute]:
    """The maps of tags of what a resource starts: the provider's default tags do not reach them."""
    if block.labels[0] in ("aws_launch_template", "aws_spot_fleet_request"):
        for name in ("tag_specifications", "launch_specification"):
            for inner in block.blocks_of(name):
                body = next(iter(inner.blocks_of("content")), None) if inner.type == "dynamic" else inner
                tags = body.get("tags") if body is not None else None
                if tags is not None:
                    yield tags


def _entries(rows: Mapping[str, str]) -> list[NewEntry]:
    return [(key, partial(str, value)) for key, value in rows.items()]


def _object(rows: Mapping[str, str]) -> str:
    return compose.object_of({key_text(key): value for key, value in rows.items()})


def _edits(outcome: Conformed | Unclear | None) -> Sequence[Edit] | str:
    if isinstance(outcome, Unclear):
        return outcome.reason
    return outcome.edits if outcome is not None else ()


def _default_tags(text: str) -> str:
    return compose.block("default_tags", body=compose.attributes({"tags": text})).rstrip("\n")


def _short(provider: Block) -> str:
    return provider.address.removeprefix("provider.")


def _count(lacks: Sequence[Lack]) -> str:
    return f"{len(lacks)} resources lack" if len(lacks) > 1 else f"{lacks[0].tagged.block.address} lacks"
