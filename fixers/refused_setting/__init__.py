"""TAP112, refused-setting: the rule is in `rule.py`."""
