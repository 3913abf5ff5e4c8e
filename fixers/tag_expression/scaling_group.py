"""The `tag` blocks of an Auto Scaling group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapfix.module import Block, compose, string_value
from tapfix.module.nodes import ForExpr

from ..shared.wording import listed
from .conforming import Unclear, conform
from .maps import Keys
from .resource import ResourceTags, insert_last


class ScalingGroupTags(ResourceTags):
    """Gives an Auto Scaling group a dynamic `tag` block over the contract's maps."""

    def _plan(self) -> Iterator[str]:
        if self.block.get("tags") is not None:
            yield "an Auto Scaling group takes no `tags` in version 5 of the provider: it wants `tag` blocks"
            return
        blocks = self.block.blocks_of("tag")
        fixed = [b for b in blocks if b.type == "tag"]
        names = [string_value(k.expr) if (k := b.get("key")) is not None else None for b in fixed]
        if None in names:
            yield "the key of one of its tag blocks is computed, so its tags are not known"
            return
        known = frozenset(n for n in names if n is not None)
        dynamic = [b for b in blocks if b.type == "dynamic"]
        if len(dynamic) > 1:
            yield "it has several dynamic tag blocks: decide which of them follows the contract"
        elif dynamic:
            yield from self._conform_dynamic(dynamic[0], known)
        else:
            yield from self._add_dynamic(fixed, known)

    def _conform_dynamic(self, block: Block, known: frozenset[str]) -> Iterator[str]:
        """Give the map of the dynamic `tag` block the contract's shape. `known` are the keys of the other blocks."""
        maps, contract = self.work.maps, self.work.contract
        each = block.get("for_each")
        if each is None or not _goes_over_a_map(block):
            yield f'its dynamic "tag" is not over a map of tags: write it as one over {contract}'
            return
        if each.expr.kind == "for_tuple":
            yield f'its dynamic "tag" is over a list: write it as one over {contract}'
            return
        is_filtered = each.expr.kind == "for_object"
        expr = ForExpr.of(each.expr).source if is_filtered else each.expr
        entries = [] if is_filtered else [(k, t) for k, t in self.entries if k not in known]
        outcome = conform(maps, each, expr, entries, elsewhere=Keys.exactly(known))
        if outcome is None:
            return
        twice = maps.keys_of_all_shared(but=maps.held(each, expr)).common(Keys.exactly(known))
        if isinstance(outcome, Unclear):
            yield outcome.reason
        elif not is_filtered and (twice is None or twice):
            keys = listed(sorted(twice or known))
            yield f"it would have {keys} twice, in a tag block of its own and in the dynamic one"
        else:
            self.edits += outcome.edits
            lack = f"lack {listed(outcome.lacked)}" if outcome.lacked else f"are not merged as {contract}"
            self.done.append(f"its dynamic tags {lack}")

    def _add_dynamic(self, fixed: Sequence[Block], known: frozenset[str]) -> Iterator[str]:
        """Add a dynamic `tag` block over the shared maps, and a `tag` block for each entry that is missing."""
        maps, contract = self.work.maps, self.work.contract
        if self.block.address in self.work.common_dependencies:
            yield f"local.{contract.common} is computed from this group, which therefore cannot use it"
            return
        propagate = {"propagate_at_launch": self._propagates(fixed)}
        rows = [(k, t()) for k, t in self.entries if k not in known]
        blocks = [
            compose.block("tag", body=compose.attributes({"key": compose.quoted(k), "value": v, **propagate}))
            for k, v in rows
        ]
        own = known | {k for k, _ in rows}
        twice = maps.keys_of_all_shared().common(Keys.exactly(own))
        each = compose.call("merge", *contract.shared)
        if twice is None or twice:
            names = compose.list_of(map(compose.quoted, sorted(own if twice is None else twice)))
            each = f"{{ for key, value in {each} : key => value if !{compose.call('contains', names, 'key')} }}"
        content = compose.attributes({"key": "tag.key", "value": "tag.value", **propagate})
        body = compose.attributes({"for_each": each}) + compose.block("content", body=content)
        blocks.append(compose.block("dynamic", "tag", body=body))
        text = "\n" + "\n".join(blocks).rstrip("\n")
        self.edits.append(self.block.insert(text, after=fixed[-1]) if fixed else insert_last(self.block, text[1:]))
        self.done.append(f"its tag blocks lack {listed([*contract.shared, *(k for k, _ in rows)])}")

    def _propagates(self, fixed: Sequence[Block]) -> str:
        """Whether instances get the new tags: as they get the others, but not where a launch template tags them."""
        for template in self.work.module.resources("aws_launch_template"):
            if template.blocks_of("tag_specifications"):
                return "false"
        last = fixed[-1].get("propagate_at_launch") if fixed else None
        return last.value if last is not None else "true"


def _goes_over_a_map(block: Block) -> bool:
    """Whether a dynamic `tag` block takes key and value of each tag from those of a map."""
    content = next(iter(block.blocks_of("content")), None)
    iterator = block.get("iterator")
    name = iterator.value if iterator is not None else "tag"
    if content is None:
        return False
    return all((a := content.get(key)) is not None and a.value == f"{name}.{key}" for key in ("key", "value"))
