"""Checks of a model 模型检查: schema and georeference rules, IDS requirements, clashes between disciplines.

Each check runs in a process of its own (`bim.checks.child`), started and ended by `bim.checks.runner`; what it
finds is read with `bim.checks.values`, which loads no IFC library.
"""
