"""Prints values as Pydantic writes them, a kind and its JSON a line; then reads
what Go made of each, a line each, and says which are not the same value."""

import random
import sys
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter


class Text(BaseModel):
    model_config = ConfigDict(ser_json_bytes="utf8", val_json_bytes="utf8")
    value: bytes


class Base64(BaseModel):
    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")
    value: bytes


r = random.Random(1)


def zone() -> timezone | None:
    return r.choice([None, UTC, timezone(timedelta(minutes=r.randint(-1439, 1439)))])


def micros() -> int:
    return r.choice([0, 1, 500000, 999999, r.randint(0, 999999)])


def moment() -> datetime:
    return datetime(r.choice([1, 1969, 2024, 9999, r.randint(1, 9999)]), 2, r.randint(1, 28), r.randint(0, 23), r.randint(0, 59), r.randint(0, 59), micros(), zone())


def data() -> bytes:
    return bytes(r.choice([0, 250, 251, 255, r.randint(0, 255)]) for _ in range(r.randint(0, 7)))


def length() -> timedelta:
    days = r.choice([0, 1, -1, 364, 365, 400, r.randint(-999999998, 999999998)])
    return timedelta(days=days, seconds=r.choice([0, 1, 59, 86399, r.randint(0, 86399)]), microseconds=micros())


values: list[tuple[str, Any, Any]] = []
for _ in range(500):
    when = moment()
    values.append(("datetime", datetime, when))
    values.append(("date", date, when.date()))
    values.append(("time", time, when.timetz()))
    values.append(("timedelta", timedelta, length()))
    values.append(("text", Text, Text(value=r.choice(["", "é日本🦊", '"\\\u2028\0']).encode())))
    values.append(("base64", Base64, Base64(value=data())))
for length_edge in (timedelta.max, timedelta.min + timedelta(microseconds=1), timedelta(0), timedelta(microseconds=-1)):
    values.append(("timedelta", timedelta, length_edge))

for kind, of, value in values:
    print(kind, TypeAdapter(of).dump_json(value).decode())
sys.stdout.flush()
for kind, of, value in values:
    line = sys.stdin.readline()
    if (read := TypeAdapter(of).validate_json(line)) != value:
        print(f"{kind} {value!r} came back as {read!r}: {line}")
