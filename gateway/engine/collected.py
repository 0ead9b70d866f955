"""What graphql-core's executor runs, object by object: its errors, one for each null, and how many
objects there are."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLError, GraphQLOutputType
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetailsList
from graphql.pyutils import AwaitableOrValue, Path

from gateway.engine.compat import CollectedErrors
from gateway.engine.located import MOST_PLACES, TooManyErrors, at, explanation, located, weight


class OneForEachNull(CollectedErrors):
    """graphql-core's collection, without the errors within what another error makes null, and
    bounded.

    Of several errors for which the same place is null it has the one that came first.
    """

    __slots__ = ("_left", "_nulls")

    def __init__(self) -> None:
        super().__init__()
        self._left = MOST_PLACES
        # Where null stands for the errors.
        self._nulls: dict[tuple[str | int, ...], GraphQLError] = {}

    @property
    def errors(self) -> list[GraphQLError]:
        if nulls := self._nulls:
            self._errors[:] = [
                error
                for error in self._errors
                if explanation(error.path or (), nulls, error) is error
            ]
        return self._errors

    def add(self, error: GraphQLError, path: Path | None) -> None:
        """Keep the error for which null stands at the path.

        Raises TooManyErrors where it is one too many, which takes the root's field with it, or the
        part.
        """
        if self.has_nulled_position(path):
            return
        place = path.as_list() if path is not None else []
        if not isinstance(error, TooManyErrors):
            self._left -= weight(error.path or ())
            if self._left < 0:
                error = TooManyErrors(error.nodes, error.path)
        if isinstance(error, TooManyErrors):
            if len(place) > 1:
                raise error.with_traceback(None)
            error = self._alone(error)
        self._nulls[tuple(place)] = error
        self._error_positions.add(path)
        self._errors.append(error)

    def _alone(self, error: TooManyErrors) -> GraphQLError:
        """The error at the root's field, without the others that are below that."""
        root = (error.path or [])[:1]
        self._errors[:] = [each for each in self._errors if (each.path or [])[:1] != root]
        self._nulls = {place: each for place, each in self._nulls.items() if [*place[:1]] != root}
        self._left = MOST_PLACES - sum(weight(each.path or ()) for each in self._errors)
        return at(error, root)


BY_ITSELF = 10
"""How many objects one counts for that graphql-core's executor completes: it takes about ten times
the CPU of one in a breadth."""


class ErrorsInPlace(Executor[Any]):
    """Mixed into an executor of graphql-core, has each of its results, parts and events collect
    ``OneForEachNull``, each with the path of the place that failed; and counts its objects."""

    def begin_objects(self, count: int) -> None:
        """Called before so many objects are made for the response. What it raises is the error of
        their places."""

    def complete_object_value(self, *args: Any, **given: Any) -> AwaitableOrValue[Any]:
        self.begin_objects(BY_ITSELF)
        return super().complete_object_value(*args, **given)

    @property
    def collected_errors(self) -> OneForEachNull:
        return self._collected

    @collected_errors.setter
    def collected_errors(self, _: CollectedErrors) -> None:
        self._collected = OneForEachNull()

    def handle_field_error(
        self,
        raw_error: Exception,
        return_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        path: Path,
    ) -> None:
        place = path.as_list()
        if isinstance(raw_error, GraphQLError) and (raw_error.path or [])[: len(place)] != place:
            # Raised here, so what path it has is none of this response.
            raw_error = located(raw_error, [each.node for each in field_details_list], place)
        super().handle_field_error(raw_error, return_type, field_details_list, path)
