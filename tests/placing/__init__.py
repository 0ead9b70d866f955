"""A graph whose mutations take inputs with constraints, and name their errors."""

PLACING = "tests.placing.graph:graph"
