"""Errors at their places."""

from __future__ import annotations

from graphql import FieldNode, GraphQLError, OperationDefinitionNode, parse

from gateway.engine.located import LONG_PATH, at, located, weight


def node() -> FieldNode:
    (operation,) = parse("{ name }").definitions
    assert isinstance(operation, OperationDefinitionNode)
    (field,) = operation.selection_set.selections
    assert isinstance(field, FieldNode)
    return field


def raised() -> ValueError:
    try:
        raise ValueError("no name")
    except ValueError as error:
        return error


def test_a_copy_is_the_error_at_another_place() -> None:
    first = located(raised(), [node()], ["people", 0, "name"])

    copy = at(first, ["people", 1, "name"])

    assert (first.path, copy.path) == (["people", 0, "name"], ["people", 1, "name"])
    others = set(GraphQLError.__slots__) - {"path"}
    assert [getattr(copy, each) for each in others] == [getattr(first, each) for each in others]
    assert copy.__traceback__ is first.__traceback__ is not None
    assert str(copy) == str(first)
    assert copy.formatted == {**first.formatted, "path": ["people", 1, "name"]}


def test_a_copy_is_what_the_error_is() -> None:
    class Own(GraphQLError):
        pass

    assert type(at(Own("no name"), ["name"])) is Own


def test_an_error_from_elsewhere_has_the_path_of_its_place() -> None:
    remote = GraphQLError("no name", path=["remote", 5], extensions={"code": "REMOTE"})

    error = located(remote, [node()], ["name"])

    assert (error.message, error.path) == ("no name", ["name"])
    assert error.extensions == {"code": "REMOTE"}
    assert error.original_error is remote
    assert error.locations == [(1, 3)]


def test_a_place_with_long_names_weighs_more() -> None:
    assert weight([]) == weight(["name", 10**6]) == 1
    assert weight(["n" * LONG_PATH]) == weight(["n" * (LONG_PATH // 2), 0, "n" * LONG_PATH]) == 2
    assert weight(["n" * (LONG_PATH * 10)]) == 11
