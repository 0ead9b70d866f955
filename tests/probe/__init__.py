"""A graph of the tests' own."""

PROBE = "tests.probe.graph:graph"
"""How settings name it."""
