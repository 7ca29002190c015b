"""Calls as the Go server makes them, through the project's URLs."""

from __future__ import annotations

from io import StringIO
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.test import TestCase, override_settings

from .models import Comment, Thread

SECRET = "a secret of these tests alone"


@override_settings(CENTRIRPC={"SECRET": SECRET}, MAX_COMMENTS=120)
class CallsTest(TestCase):
    async def ask(
        self, method: str, params: dict[str, Any], user: str = "ann", secret: str = SECRET
    ) -> Any:
        """The answer to a call of a user: {"result": ...} or {"error": ...}."""
        request = {"user": user, "method": method, "data": params, "centrirpc": {"version": 1}}
        response = await self.async_client.post(
            "/rpc", request, "application/json", headers={"X-Centrirpc-Secret": secret}
        )
        return response.json() if response.status_code == 200 else response.status_code

    async def result(self, method: str, params: dict[str, Any], user: str = "ann") -> Any:
        return (await self.ask(method, params, user))["result"]["data"]

    async def error(self, method: str, params: dict[str, Any]) -> Any:
        return (await self.ask(method, params))["error"]

    async def test_comments_are_listed_by_task(self) -> None:
        text = "Zoë did it\n👍"
        first = await self.result("comments.add", {"task_id": 1, "text": text})
        self.assertEqual((first["author"], first["text"]), ("ann", text))
        await self.result("comments.add", {"task_id": 2, "text": "Elsewhere"})
        second = await self.result("comments.add", {"task_id": 1, "text": "Mine"}, "bob")
        self.assertEqual(second["author"], "bob")
        listed = await self.result("comments.list", {"task_id": 1})
        self.assertEqual(listed, {"comments": [first, second], "more": False})
        nothing = {"comments": [], "more": False}
        self.assertEqual(await self.result("comments.list", {"task_id": 3}), nothing)

    async def test_a_long_list_comes_in_pages(self) -> None:
        thread = await Thread.objects.acreate(task_id=1)
        await Comment.objects.abulk_create(
            Comment(thread=thread, author="ann", text=f"{number}") for number in range(101)
        )
        texts: list[str] = []
        after: dict[str, int] = {}
        for length, more in ((50, True), (50, True), (1, False)):
            page = await self.result("comments.list", {"task_id": 1, **after})
            self.assertEqual((len(page["comments"]), page["more"]), (length, more))
            texts += [comment["text"] for comment in page["comments"]]
            after = {"after": page["comments"][-1]["id"]}
        self.assertEqual(texts, [f"{number}" for number in range(101)])

    @override_settings(MAX_COMMENTS=1)
    async def test_a_full_thread_is_told_apart_from_other_errors(self) -> None:
        await self.result("comments.add", {"task_id": 1, "text": "First"})
        error = await self.error("comments.add", {"task_id": 1, "text": "Second"})
        self.assertEqual((error["code"], error["reason"]), (1101, "thread_full"))
        self.assertEqual(error["details"], {"limit": 1})
        await self.result("comments.add", {"task_id": 2, "text": "First"})
        self.assertEqual(await Comment.objects.acount(), 2)

    async def test_params_are_checked(self) -> None:
        for params, faults in (
            ({"task_id": 0, "text": ""}, ["task_id gte", "text min"]),
            ({"task_id": "1", "text": "x" * 1001}, ["task_id type", "text max"]),
            ({"task_id": 1, "text": " \n"}, ["text value"]),
            ({}, ["task_id required", "text required"]),
        ):
            error = await self.error("comments.add", params)
            found = [f"{fault['field']} {fault['rule']}" for fault in error["details"]]
            self.assertEqual((error["code"], found), (400, faults))
        self.assertEqual(await Thread.objects.acount(), 0)

    async def test_nobody_calls_without_the_secret(self) -> None:
        with self.assertLogs("django.request", "WARNING"):
            answer = await self.ask("comments.list", {"task_id": 1}, secret="a secret of others")
        self.assertEqual(answer, 401)


class ProjectTest(TestCase):
    def test_migrations_are_complete(self) -> None:
        call_command("makemigrations", check=True, dry_run=True, verbosity=0)

    def test_the_contract_is_fresh(self) -> None:
        file = settings.FOLDER / "contract.json"
        call_command("centrirpc", "export", "--check", output=str(file), stdout=StringIO())
