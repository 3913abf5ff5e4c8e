"""TAP010, tag-expression: the rule is in `rule.py`."""
