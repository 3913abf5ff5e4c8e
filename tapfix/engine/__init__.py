"""Runs fixers over a project: the registry, suppression, passes, and the guard over their outcome."""
