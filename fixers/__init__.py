"""The rules. A rule is a file of this folder, or a folder with `rule.py` where it has several parts (CONTRIBUTING.md).

What several rules share is in `shared/`.
"""
