"""The decorator: which handlers it takes, what it keeps, what it refuses and how it says so."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Annotated, Any, Generic, Optional, TypeVar

import pytest
from pydantic import BaseModel, Field, RootModel
from typing_extensions import TypeAliasType, TypedDict

from centrirpc import Conn, HandlerError, Registry, declare_error, websocket_rpc
from centrirpc.source import Handler, Problem
from centrirpc.source.problem import collecting

T = TypeVar("T")


class Params(BaseModel):
    number: int = 0


class Page(BaseModel, Generic[T]):
    items: list[T]


class Dict(TypedDict):
    number: int


@dataclass
class Data:
    number: int


class Names(RootModel[list[str]]):
    pass


class MyConn(Conn):
    pass


Quota = declare_error(1001, "quota", "No more.")


def rpc(
    registry: Registry, method: str = "tasks.get", **options: Any
) -> Callable[[Callable[..., Any]], Any]:
    return websocket_rpc(method, registry=registry, **options)


def types_of(registry: Registry) -> tuple[Any, Any]:
    (handler,) = registry.methods()
    return handler.signature.params, handler.signature.result


async def test_the_function_stays_as_it_is(registry: Registry) -> None:
    async def get(params: Params, conn: Conn) -> int:
        """Gets it.

        More of it.
        """
        return params.number

    before = inspect.signature(get)
    decorated = rpc(
        registry,
        timeout=2.0005,
        idempotent=True,
        volatile=True,
        errors=[Quota],
        deprecated="list",
    )(get)
    assert decorated is get
    assert inspect.signature(decorated) == before
    assert await get(Params(number=3), Conn("ann")) == 3
    handler: Handler = vars(decorated)["__websocket_rpc__"]
    assert registry.methods() == [handler]
    assert handler.doc == "Gets it.\n\nMore of it."
    assert (handler.timeout_ms, handler.idempotent, handler.deprecated) == (2001, True, "list")
    assert handler.volatile
    assert handler.errors == (Quota,)
    assert handler.source.endswith(
        "test_decorator.py#test_the_function_stays_as_it_is.<locals>.get"
    )


async def nothing() -> None: ...


@pytest.mark.parametrize("errors", [Quota, [Quota], (Quota,), iter([Quota])])
def test_errors_are_one_or_several(registry: Registry, errors: Any) -> None:
    rpc(registry, errors=errors)(nothing)
    (handler,) = registry
    assert handler.errors == (Quota,)


@pytest.mark.parametrize("errors", [ValueError, [ValueError], 3, "Quota"])
def test_what_is_no_error_is_refused_at_the_handlers_line(registry: Registry, errors: Any) -> None:
    with pytest.raises(HandlerError, match="is no declared error; make it with declare_error") as e:
        rpc(registry, errors=errors)(nothing)
    (problem,) = e.value.problems
    assert (problem.file, problem.line) == (__file__, nothing.__code__.co_firstlineno)


def test_description_replaces_the_docstring(registry: Registry) -> None:
    @rpc(registry, description="  Said here. ")
    async def get() -> None:
        """Said there."""

    assert registry.methods()[0].doc == "Said here."


def test_forms_of_handlers(registry: Registry) -> None:
    async def conn_first(conn, params: Params) -> int: ...  # type: ignore
    async def conn_last(params: Params, conn: Conn) -> int: ...  # type: ignore[empty-body]
    async def by_name(*, conn: Any, params: Params) -> int: ...  # type: ignore[empty-body]
    async def by_place(who: MyConn, what: Params, /) -> int: ...  # type: ignore[empty-body]
    async def only_params(data: Params) -> int: ...  # type: ignore[empty-body]

    functions: list[Any] = [conn_first, conn_last, by_name, by_place, only_params]
    for number, function in enumerate(functions):
        rpc(registry, f"tasks.n{number}")(function)
    for handler in registry.methods():
        assert (handler.signature.params, handler.signature.result) == (Params, int)
        args, kwargs = handler.signature.arguments("P", "C")
        bound = inspect.signature(handler.function).bind(*args, **kwargs).arguments
        named = {"params": "P", "what": "P", "data": "P", "conn": "C", "who": "C"}
        assert bound == {name: named[name] for name in bound}


@pytest.mark.parametrize(
    "params",
    [
        *(Params, Dict, Data, Page[int], TypeAliasType("Alias", Params)),
        Annotated[Params, Field(description="What to get.")],
    ],
)
def test_params_types(registry: Registry, params: Any) -> None:
    async def get(params):  # type: ignore[no-untyped-def]
        ...

    get.__annotations__ = {"params": params, "return": None}
    rpc(registry)(get)
    assert types_of(registry) == (params, None)


def test_result_types_are_read_from_strings(registry: Registry) -> None:
    @rpc(registry)
    async def get() -> "Optional[Annotated[Page[Params], 'doc']]":  # noqa: UP037, UP045
        return None

    assert types_of(registry) == (None, Optional[Annotated[Page[Params], "doc"]])  # noqa: UP045


def test_wrapped_handlers_are_seen_through(registry: Registry) -> None:
    def logged(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        async def call(*args: Any, **kwargs: Any) -> Any:
            return await function(*args, **kwargs)

        return call

    @rpc(registry)
    @logged
    async def get(params: Params) -> int:
        return params.number

    assert types_of(registry) == (Params, int)


def test_types_that_follow_later(registry: Registry) -> None:
    @rpc(registry)
    async def get(params: Later) -> Later: ...  # type: ignore  # noqa: F821

    with pytest.raises(HandlerError, match="name 'Later' is not defined") as caught:
        registry.methods()
    assert "not only under TYPE_CHECKING" in str(caught.value)
    globals()["Later"] = Params
    try:
        assert types_of(registry) == (Params, Params)
    finally:
        del globals()["Later"]


def test_types_of_the_surrounding_function(registry: Registry) -> None:
    class Local(BaseModel):
        pass

    @websocket_rpc("tasks.get", registry=registry)
    async def get(params: Local) -> None: ...

    assert types_of(registry) == (Local, None)


def not_async(params: Params) -> int:
    return params.number


async def yields(params: Params):  # type: ignore[no-untyped-def]
    yield params


async def unannotated(params, other, conn): ...  # type: ignore[no-untyped-def]
async def starred(*args: Any, **kwargs: Any) -> None: ...
async def untyped(params: dict[str, Any]) -> None: ...
async def scalar(user_id: str) -> None: ...
async def rooted(params: Names) -> None: ...
async def base(params: BaseModel) -> None: ...
async def optional(params: Params | None) -> None: ...
async def twice(params: Params, more: Params) -> None: ...
async def extra(params: Params, limit: int = 10) -> None: ...
async def answering(params: Params) -> int: ...  # type: ignore[empty-body]
async def fine(params: Params) -> None: ...
async def broken(params: "int | list[") -> None: ...  # type: ignore  # noqa: F722


class Class:
    async def method(self, params: Params) -> None: ...

    @staticmethod
    async def static(params: Params) -> None: ...


@pytest.mark.parametrize(
    ("function", "options", "reasons"),
    [
        (not_async, {}, ["it is not async"]),
        (yields, {}, ["it yields, and a call has one result"]),
        (print, {}, ["it is not async"]),
        (7, {}, ["7 is no function"]),
        (Class.method, {}, ["it is a method of a class"]),
        (vars(Class)["static"], {}, ["it is a method of a class"]),
        (
            unannotated,
            {},
            [
                "the parameter params has no annotation",
                "the parameter other has no annotation",
                "it has no annotation of its result",
            ],
        ),
        (starred, {}, ["it takes *args", "it takes **kwargs"]),
        (untyped, {}, ["its params are dict[str, Any]"]),
        (scalar, {}, ["the parameter user_id is neither params nor the connection: str is no"]),
        (rooted, {}, ["Names is a RootModel, which has no named fields"]),
        (base, {}, ["BaseModel itself has no fields"]),
        (optional, {}, ["its params are "]),
        (twice, {}, ["both params and more are its params"]),
        (extra, {}, ["the parameter limit is neither params nor the connection"]),
        (broken, {}, ["its annotations cannot be read"]),
        (answering, {"notify": True}, ["it returns something, and a notification"]),
        (fine, {"method": "Tasks.Get"}, ["'Tasks.Get' is no name of a method"]),
        (fine, {"method": "tasks."}, ["'tasks.' is no name of a method"]),
        (fine, {"method": "tasks.get\n"}, ["is no name of a method"]),
        (fine, {"method": 7}, ["7 is no name of a method"]),
        (fine, {"method": "a" * 129}, ["its name has 129 characters"]),
        (fine, {"timeout": 0}, ["its timeout is 0"]),
        (fine, {"timeout": float("inf")}, ["its timeout is inf"]),
        (fine, {"timeout": "5"}, ["its timeout is '5'"]),
        (fine, {"timeout": True}, ["its timeout is True"]),
        (fine, {"deprecated": ""}, ["deprecated is ''"]),
        (fine, {"errors": [ValueError]}, ["<class 'ValueError'> in its errors"]),
    ],
)
def test_wrong_handlers(
    registry: Registry, function: Any, options: dict[str, Any], reasons: list[str]
) -> None:
    with pytest.raises(HandlerError) as caught:
        rpc(registry, **options)(function)
    problems = caught.value.problems
    assert len(problems) == len(reasons), problems
    for problem, reason in zip(problems, reasons, strict=True):
        assert reason in problem.reason
        assert problem.fix
        assert problem.method == str(options.get("method", "tasks.get"))
        line = str(problem)
        assert line.startswith("tests/source/test_decorator.py:") == bool(problem.file)
        assert f"{problem.function}: {problem.path}{problem.reason}; {problem.fix}" in line
        assert "\n" not in line
    assert list(registry) == []


def test_without_a_name() -> None:
    with pytest.raises(HandlerError, match=r"fine: the decorator was not given a method's name"):
        websocket_rpc(fine)  # type: ignore[arg-type]


def test_a_method_of_two_handlers(registry: Registry) -> None:
    rpc(registry)(fine)
    rpc(registry)(fine)  # a reload
    with pytest.raises(HandlerError, match=r"registered already, by tests\.source.*\.fine \(.*:"):
        rpc(registry)(answering)
    assert [handler.function for handler in registry] == [fine]


def test_collecting_raises_nothing(registry: Registry) -> None:
    with collecting() as problems:
        rpc(registry, "tasks.one")(not_async)
        rpc(registry, "tasks.two")(starred)
        rpc(registry, "tasks.three")(fine)
    assert [problem.method for problem in problems] == ["tasks.one", "tasks.two", "tasks.two"]
    assert [handler.method for handler in registry] == ["tasks.three"]
    with pytest.raises(HandlerError):
        rpc(registry)(not_async)


def test_errors_survive_pickling() -> None:
    error = HandlerError([Problem("wrong", "mend it", method="a.b")])
    again = pickle.loads(pickle.dumps(error))
    assert (again.problems, str(again)) == (error.problems, "method a.b: wrong; mend it")
