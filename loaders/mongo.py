"""MongoDB through Motor."""

from __future__ import annotations

from collections.abc import Coroutine, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, ClassVar

import bson
from bson import ObjectId
from bson.errors import InvalidDocument
from pydantic import Field, SecretStr

from loaders.asks import (
    Answer,
    Ask,
    Found,
    Key,
    answered,
    answered_at,
    has,
    nothing_of,
)
from loaders.contexts import Attempt
from loaders.descriptions import NO_SAMPLES, Description, Samples
from loaders.errors import (
    ROWS,
    TooManyRows,
    UnfitKey,
    UnfitValue,
    bad_answer,
)
from loaders.keys import NUMBERS, told
from loaders.kinds import Kind, address
from loaders.mongo_calls import Documents, Session
from loaders.mongo_catalog import described
from loaders.mongo_client import DatabaseClient
from loaders.mongo_codecs import PLACE_CODECS, UNFIT, Document
from loaders.mongo_fields import Fields
from loaders.mongo_keys import (
    Apart,
    any_of_apart,
    are_texts_alone,
    are_usual,
    asked,
    of_declared_type,
    read,
)
from loaders.mongo_numbers import Condition
from loaders.mongo_statement import (
    Pipeline,
    Shape,
    Shown,
    Stages,
    any_of,
    equal,
    grouped,
    grouping,
    listing,
    matching_of,
    of_each,
    of_each_apart,
    projected,
    sorted_by,
)
from loaders.paths import paths_of, spread
from loaders.places import Codecs
from loaders.resource import Resource, Row
from loaders.trace import Call


@dataclass(frozen=True, eq=False, kw_only=True)
class MongoCollection(Resource):
    """A collection. Its documents are the rows; a column is a field of theirs."""

    place_codecs: ClassVar[Codecs] = PLACE_CODECS

    key: str = "_id"
    key_type: type = ObjectId


class MongoSource(DatabaseClient):
    """A database as a source. ``timeout`` (seconds) bounds each call, on the server too, and
    ``rows`` what it answers."""

    kind = "mongo"

    def __init__(
        self,
        name: str,
        url: str,
        *,
        database: str,
        pool_size: int = 50,
        timeout: float = 10.0,
        rows: int = ROWS,
    ) -> None:
        super().__init__(name, url, database, pool_size, timeout, rows)
        self._fields = Fields(self._sampled)
        self._of_lists: set[tuple[tuple[str, ...], tuple[str, ...]]] = set()

    async def describe(self, resource: Resource, samples: Samples = NO_SAMPLES) -> Description:
        with self._errors:
            return await described(self._whole().command, resource.name)

    async def fetch(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        try:
            return await self._asked(ask, keys, attempt)
        except UnfitValue as error:
            return await self._without_unfit(ask, keys, attempt, error)

    async def _without_unfit(
        self, ask: Ask, keys: Sequence[Key], attempt: Attempt, error: UnfitValue
    ) -> Answer:
        """What there is without the keys that BSON can't hold. Raises the error if it can hold all
        of them."""
        answer = [self._of_unfit(ask, key) for key in keys]
        places = [place for place, each in enumerate(answer) if each is None]
        if len(places) == len(keys):
            raise error
        found = await self.fetch(ask, [keys[place] for place in places], attempt) if places else []
        fitting = iter(found)
        return [next(fitting) if each is None else each for each in answer]

    def _of_unfit(self, ask: Ask, key: Key) -> Found | UnfitKey | None:
        """What a key has that BSON can't hold; None of others."""
        try:
            # Numbers are compared in terms that it can hold.
            held = [each for each in key if not isinstance(each, NUMBERS)]
            bson.encode({"key": held}, codec_options=self._codec_options)
        except InvalidDocument:
            return UnfitKey(self.name, ", ".join(ask.rows.by), key[0], "of a type of BSON's")
        except UNFIT:
            # No value there equals it.
            return nothing_of(ask.wants)
        return None

    async def _asked(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        if not ask.rows.by:
            return await self._fetch(ask, keys, attempt)
        there: list[Key] = []
        is_declared = of_declared_type(ask.resource, ask.rows.by, keys)
        if are_usual(keys) if is_declared else are_texts_alone(keys):
            answer = list(await self._fetch(ask, keys, attempt))
            there += [key for key, each in zip(keys, answer, strict=True) if has(each, ask.wants)]
        else:
            # Of each reading there may be rows, so each is asked.
            readings = [[key] for key in keys] if is_declared else list(map(read, keys))
            answer = list(await self._each(ask, keys, readings, attempt, there))
        if is_declared:
            # The declaration may be mistaken.
            others = await self._fields.misfits(ask, keys, answer, there, every=False)
            if others:
                left = [keys[place] for place in others]
                again = await self._each(ask, left, [read(key)[1:] for key in left], attempt, there)
                for place, each in zip(others, again, strict=True):
                    answer[place] = each
        return await self._checked(ask, keys, answer, there)

    async def _each(
        self,
        ask: Ask,
        keys: Sequence[Key],
        readings: Sequence[Sequence[Key]],
        attempt: Attempt,
        there: list[Key],
    ) -> Answer:
        """What there is of each key, in any of these readings; ``there`` gets those that are."""
        nothing = nothing_of(ask.wants)
        answer: list[Found | Exception] = [nothing] * len(keys)
        plain, apart = asked(readings)
        several: dict[int, None] = {}
        if plain:
            found = await self._fetch(ask, list(plain), attempt)
            if isinstance(attempt.last, Call):
                # Several readings are one key.
                attempt.last.keys = len(keys)
            for (key, places), each in zip(plain.items(), found, strict=True):
                if not has(each, ask.wants):
                    continue
                there.append(key)
                for place in places:
                    if answer[place] is not nothing:
                        several[place] = None
                    answer[place] = each
        # Rows of several readings are one list, and have one sum.
        apart += [Apart(place, readings[place]) for place in several]
        if apart:
            found = await self._fetch_apart(ask, keys, apart, attempt)
            for of_key, each in zip(apart, found, strict=True):
                answer[of_key.place] = each
                if len(of_key.keys) == 1 and has(each, ask.wants):
                    there += of_key.keys
        return answer

    async def _checked(
        self, ask: Ask, keys: Sequence[Key], answer: list[Found | Exception], there: Sequence[Key]
    ) -> Answer:
        """The answer, with the errors of those keys that no value of the fields can be."""
        misfits = await self._fields.misfits(ask, keys, answer, there)
        for place, (index, other) in misfits.items():
            field, value = ask.rows.by[index], keys[place][index]
            answer[place] = UnfitKey(self.name, field, value, other)
        return answer

    async def _fetch_apart(
        self, ask: Ask, keys: Sequence[Key], apart: Sequence[Apart], attempt: Attempt
    ) -> Answer:
        """What each of the keys has that are asked by conditions of their own."""
        rows, wants = ask.rows, ask.wants
        asked = [keys[each.place] for each in apart]
        conditions = [each.condition(rows.by) for each in apart]
        if not wants.columns:
            return await self._grouped(ask, asked, attempt, conditions)
        if rows.window.limit is not None:
            return await self._windowed(ask, asked, attempt, conditions)
        places: dict[Hashable, list[int]] = {}
        for place, each in enumerate(apart):
            for key in each.keys:
                places.setdefault(told(key), []).append(place)
        found = await self._found(ask, asked, attempt, any_of_apart(rows.by, apart))
        return self._or_bad(ask, answered_at(ask, len(apart), places, found))

    def _fetch(
        self, ask: Ask, keys: Sequence[Key], attempt: Attempt
    ) -> Coroutine[object, None, Answer]:
        asked = self._rows if ask.wants.columns else self._values
        return asked(ask, keys, attempt)

    async def _rows(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        if ask.rows.by and ask.rows.window.limit is not None:
            return await self._windowed(ask, keys, attempt)
        found = await self._found(ask, keys, attempt, any_of(ask.rows.by, keys))
        return self._or_bad(ask, answered(ask, keys, found))

    async def _windowed(
        self,
        ask: Ask,
        keys: Sequence[Key],
        attempt: Attempt,
        conditions: Sequence[Condition] | None = None,
    ) -> Answer:
        if ask.rows.window.limit == 0:
            # MongoDB takes it for no limit, or refuses it.
            return [Found()] * len(keys)
        # Each key's own match, sort and limit, which an index on (key, order) serves, all in one
        # aggregation: MongoDB's lateral join.
        stages, paths = listing(ask.rows, projected(ask.wants.columns)), paths_of(ask.wants.columns)
        listed = await self._of_each(ask, keys, attempt, stages, conditions)
        for each in listed if paths else ():
            spread(each, paths)
        return [Found(each) for each in listed]

    async def _found(
        self, ask: Ask, keys: Sequence[Key], attempt: Attempt, chosen: Condition
    ) -> list[Document]:
        """The rows that are ``chosen``, in the window, if that is of all of them together."""
        rows, columns = ask.rows, ask.wants.columns
        if rows.window.limit == 0:
            return []
        projection, paths = projected(columns), paths_of(columns)
        matching = matching_of(chosen, rows)
        words = "find", matching, projection
        with (
            attempt.call(ask, keys, statement=Shown(*words), shape=Shape(*words)) as call,
            self._errors,
        ):
            collection = self._collection(rows.resource.name)
            order = list(sorted_by(rows.window.order).items()) if rows.window.order else None

            def find(session: Session) -> Documents:
                return collection.find(
                    matching, projection, sort=order, limit=rows.window.limit or 0, session=session
                )

            found = await self._documents(find, attempt.deadline)
            call.rows = len(found)
        if paths:
            spread(found, paths)
        return found

    def _or_bad(self, ask: Ask, found: Answer | None) -> Answer:
        if found is None:
            # A collation takes texts for equal that are not.
            what = f"'{', '.join(ask.rows.by)}' with another value than was asked for"
            raise bad_answer(self.name, what)
        return found

    async def _values(self, ask: Ask, keys: Sequence[Key], attempt: Attempt) -> Answer:
        aggregates = ask.wants.aggregates
        form = ask.rows.resource.id, ask.rows.by
        if form not in self._of_lists:
            found = await self._of_groups(ask, keys, attempt)
            if found is not None:
                nothing = nothing_of(ask.wants)
                return [
                    nothing if each is None else Found((), grouped(each, aggregates, self.name))
                    for each in found
                ]
            self._of_lists.add(form)
        return await self._grouped(ask, keys, attempt)

    async def _grouped(
        self,
        ask: Ask,
        keys: Sequence[Key],
        attempt: Attempt,
        conditions: Sequence[Condition] | None = None,
    ) -> Answer:
        """The aggregates of each key by itself."""
        aggregates, nothing = ask.wants.aggregates, nothing_of(ask.wants)
        stages = [grouping(None, aggregates)]
        listed = await self._of_each(ask, keys, attempt, stages, conditions)
        return [
            Found((), grouped(each[0], aggregates, self.name)) if each else nothing
            for each in listed
        ]

    async def _sampled(self, name: str, pipeline: Pipeline) -> Sequence[Document]:
        with self._errors:
            collection = self._collection(name)
            return await self._documents(partial(collection.aggregate, list(pipeline)))

    async def _of_groups(
        self, ask: Ask, keys: Sequence[Key], attempt: Attempt
    ) -> list[Row | None] | None:
        """The group of each key; None where groups are of something else, such as whole lists."""
        rows = ask.rows
        # A group of one column goes by its value, of which MongoDB makes less than of a document.
        names = {f"key_{index}": f"${column}" for index, column in enumerate(rows.by)}
        alone = names["key_0"] if len(names) == 1 else names or None
        matching = {"$match": matching_of(any_of(rows.by, keys), rows)}
        group = grouping(alone, ask.wants.aggregates)
        try:
            groups = await self._aggregate(ask, keys, attempt, [matching, group])
        except TooManyRows:
            return None
        if not rows.by:
            return [groups[0] if groups else None]
        known: dict[Key, Row]
        try:
            if len(names) == 1:
                known = {(row["_id"],): row for row in groups}
            else:
                known = {tuple(row["_id"].get(name) for name in names): row for row in groups}
        except TypeError:
            return None
        found = [known.get(key) for key in keys]
        return found if len(known) + found.count(None) == len(keys) else None

    async def _of_each(
        self,
        ask: Ask,
        keys: Sequence[Key],
        attempt: Attempt,
        stages: Stages,
        conditions: Sequence[Condition] | None = None,
    ) -> Sequence[list[Document]]:
        """What the stages make of the rows of each key, by its position; ``conditions`` are those
        of keys that are no values of the fields."""
        rows = ask.rows
        together = conditions is None and len(rows.by) == 1 and "." not in rows.by[0]
        if together:
            pipeline = of_each(rows, keys, stages)
        else:
            pipeline = of_each_apart(
                rows, conditions or [equal(rows.by, key) for key in keys], stages
            )
        listed: list[list[Document]] = [[] for _ in keys]
        for found in await self._aggregate(ask, keys, attempt, pipeline, of_database=together):
            listed[found["place"]].append(found["row"])
        return listed

    async def _aggregate(
        self,
        ask: Ask,
        keys: Sequence[Key],
        attempt: Attempt,
        pipeline: Sequence[Mapping[str, object]],
        *,
        of_database: bool = False,
    ) -> Sequence[Row]:
        words = "aggregate", pipeline
        with (
            attempt.call(ask, keys, statement=Shown(*words), shape=Shape(*words)) as call,
            self._errors,
        ):
            name = ask.resource.name
            asked = self._whole().delegate if of_database else self._collection(name)
            # Of aggregates each key has a row more.
            more = 0 if ask.wants.columns else len(keys)
            rows = await self._documents(partial(asked.aggregate, pipeline), attempt.deadline, more)
            call.rows = len(rows)
            return rows


class MongoKind(Kind):
    """A MongoDB database. ``timeout`` is in seconds, for each call. An answer has ``rows`` at
    most."""

    resources: ClassVar[type[Resource]] = MongoCollection

    url: Annotated[SecretStr, address("mongodb", "mongodb+srv")]
    database: str = Field(min_length=1)
    pool_size: int = Field(50, ge=1)
    timeout: float = Field(10.0, gt=0)
    rows: int = Field(ROWS, ge=1)

    def source(self, name: str) -> MongoSource:
        return MongoSource(
            name,
            self.url.get_secret_value(),
            database=self.database,
            pool_size=self.pool_size,
            timeout=self.timeout,
            rows=self.rows,
        )
