"""The DynamoDB table as items of plain values: what the store and the ledger share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from toolgrant.adapters.aws import translated
from toolgrant.adapters.dynamodb import store_items
from toolgrant.errors import Conflict, ServiceUnavailable

Item = dict[str, Any]
_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


class Table:
    """One table, read consistently. Items of any other schema are refused (OtherSchema)."""

    def __init__(self, client: Any, name: str) -> None:
        self.client = client
        self.name = name

    def get(self, pk: str, sk: str) -> Item | None:
        """The item with this key; None if there is none."""
        with translated("table get", own=True):
            answer = self.client.get_item(
                TableName=self.name, Key=key_of(pk, sk), ConsistentRead=True
            )
        item = answer.get("Item")
        return store_items.known_schema(plain(item)) if item else None

    def put(self, pk: str, sk: str, item: Mapping[str, Any]) -> None:
        """Write an item, whatever was there."""
        with translated("table put", own=True):
            self.client.put_item(**self.put_of(pk, sk, item)["Put"])

    def put_of(self, pk: str, sk: str, item: Mapping[str, Any]) -> dict[str, Any]:
        """The same as a part of a transaction."""
        keyed = {"pk": pk, "sk": sk, "schema": store_items.SCHEMA, **item}
        return {"Put": {"TableName": self.name, "Item": typed(keyed)}}

    def put_if(self, pk: str, sk: str, item: Mapping[str, Any], name: str, known: object) -> bool:
        """Write an item if its attribute `name` still has the value `known`, None for: if the item
        is not there. False if it is not so any more."""
        condition = condition_of(name, known)
        with translated("table put", own=True):
            try:
                self.client.put_item(**self.put_of(pk, sk, item)["Put"], **condition)
            except self.client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def delete(self, pk: str, sk: str) -> None:
        """Delete an item, if it is there."""
        with translated("table delete", own=True):
            self.client.delete_item(**self.delete_of(pk, sk)["Delete"])

    def delete_of(self, pk: str, sk: str) -> dict[str, Any]:
        """The same as a part of a transaction."""
        return {"Delete": {"TableName": self.name, "Key": key_of(pk, sk)}}

    def transact(self, items: list[dict[str, Any]]) -> None:
        """Write all of it or nothing. Raises Conflict where a condition does not hold."""
        with translated("table commit", own=True):
            try:
                self.client.transact_write_items(TransactItems=items)
            except ClientError as error:
                raise _cancelled(error) from error

    def query(self, pk: str, prefix: str | None = None) -> Iterator[Item]:
        """The items of one partition, optionally those whose sort keys have a prefix."""
        query = query_of(self.name, pk, prefix)
        while True:
            with translated("table query", own=True):
                answer = self.client.query(**query)
            for item in answer["Items"]:
                yield store_items.known_schema(plain(item))
            if "LastEvaluatedKey" not in answer:
                return
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def condition_of(name: str, known: object) -> dict[str, Any]:
    """The condition that the attribute `name` has the value `known`; None for: no such item."""
    if known is None:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    return {
        "ConditionExpression": "#name = :known",
        "ExpressionAttributeNames": {"#name": name},
        "ExpressionAttributeValues": typed({":known": known}),
    }


def query_of(table: str, pk: str, prefix: str | None = None) -> dict[str, Any]:
    """The parameters of a consistent Query of one partition; `prefix` is one of its sort keys."""
    condition, values = "pk = :pk", {":pk": pk}
    if prefix:
        condition, values = "pk = :pk AND begins_with(sk, :sk)", {":pk": pk, ":sk": prefix}
    return {
        "TableName": table,
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": typed(values),
        "ConsistentRead": True,
    }


def key_of(pk: str, sk: str) -> dict[str, Any]:
    """The primary key of an item as DynamoDB wants it."""
    return typed({"pk": pk, "sk": sk})


def typed(item: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values → values with DynamoDB's types."""
    return {name: _serialize(value) for name, value in item.items()}


def plain(item: Mapping[str, Any]) -> Item:
    """The reverse of `typed`."""
    return {name: _deserialize(value) for name, value in item.items()}


def _cancelled(error: ClientError) -> Exception:
    """The error to raise for a failed commit: Conflict if another writer was faster."""
    reasons = error.response.get("CancellationReasons") or []
    codes = {reason.get("Code") for reason in reasons if isinstance(reason, Mapping)} - {"None"}
    if codes and codes <= {"ConditionalCheckFailed", "TransactionConflict"}:
        return Conflict("the record changed since it was read")
    if error.response["Error"]["Code"] == "TransactionCanceledException" and codes:
        return ServiceUnavailable(f"table commit: {', '.join(sorted(map(str, codes)))}")
    return error
