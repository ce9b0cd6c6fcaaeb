"""Reduces a host's published API description to what Spaljé uses of it: run when a host is asked for something new.

    python tests/git_host_doubles/reduce.py github api.github.com.json

What is kept is made stricter than it was published: an object takes the fields that are described and no others. What
an answer must have is left out: a double answers with less, but with nothing that is not described.
"""

import json
import sys
from pathlib import Path

from used import DEVIATIONS, KEPT, QUERIES, REPO, SOURCES, USED, WRITABLE


class Reducer:
    def __init__(self, kind: str, published: dict) -> None:
        self.kind = kind
        self.published = published

    def found(self, ref: str) -> dict:
        node = self.published
        for name in ref.removeprefix("#/").split("/"):
            node = node[name.replace("~1", "/")]
        return node

    def schema(self, schema: dict, seen: tuple = (), *, answer: bool) -> dict:  # noqa: C901  a case for each word
        if "$ref" in schema:
            if schema["$ref"] in seen or len(seen) > 7:
                return {}
            return self.schema(self.found(schema["$ref"]), (*seen, schema["$ref"]), answer=answer)
        if "allOf" in schema:
            parts = [self.schema(one, seen, answer=answer) for one in schema["allOf"]]
            merged: dict = {"type": "object", "properties": {}, "additionalProperties": False}
            for one in parts:
                merged["properties"] |= one.get("properties", {})
                merged["required"] = merged.get("required", []) + one.get("required", [])
            return _tidy(merged)
        kept = {
            key: schema[key]
            for key in ("type", "enum", "format", "nullable", "minItems", "uniqueItems", "required")
            if key in schema and not (key == "format" and schema[key] in {"uri", "date-time"})
        }
        for key in ("oneOf", "anyOf"):
            if key in schema:
                kept[key] = [self.schema(one, seen, answer=answer) for one in schema[key]]
        if "items" in schema:
            kept["items"] = self.schema(schema["items"], seen, answer=answer)
        if schema.get("properties"):
            kept["properties"] = {
                name: self.schema(one, seen, answer=answer)
                for name, one in schema["properties"].items()
                if (name in KEPT if answer else self.writable(name, one))
            }
            kept["additionalProperties"] = False
        elif isinstance(schema.get("additionalProperties"), dict):
            kept["additionalProperties"] = self.schema(schema["additionalProperties"], seen, answer=answer)
        if answer:
            kept.pop("required", None)
            kept.pop("enum", None)
            if "oneOf" in kept:
                kept["anyOf"] = kept.pop("oneOf")
        return _tidy(kept)

    def writable(self, name: str, schema: dict) -> bool:
        return not schema.get("readOnly") or name in WRITABLE.get(self.kind, set())

    def operation(self, operation: dict, shared: list) -> dict:
        reduced: dict = {"parameters": [], "responses": {}}
        for one in [*shared, *operation.get("parameters", [])]:
            parameter = self.found(one["$ref"]) if "$ref" in one else one
            if parameter["in"] == "body":
                content = {"schema": self.schema(parameter["schema"], answer=False)}
                reduced["requestBody"] = {"required": True, "content": {"application/json": content}}
            elif parameter["in"] in {"path", "query"}:
                schema = parameter.get("schema") or {
                    key: parameter[key] for key in ("type", "enum", "items") if key in parameter
                }
                reduced["parameters"].append(
                    {
                        "name": parameter["name"],
                        "in": parameter["in"],
                        "required": bool(parameter.get("required")),
                        "schema": self.schema(schema, answer=False),
                    }
                )
        if "requestBody" in operation:
            body = operation["requestBody"]
            body = self.found(body["$ref"]) if "$ref" in body else body
            reduced["requestBody"] = {
                "required": True,
                "content": {
                    kind: {"schema": self.schema(one["schema"], answer=False)}
                    for kind, one in body["content"].items()
                },
            }
        for code, one in operation["responses"].items():
            said = self.found(one["$ref"]) if "$ref" in one else one
            schema = said.get("schema") or next(iter(said.get("content", {}).values()), {}).get("schema")
            reduced["responses"][code] = {"description": ""}
            if schema is not None and code.startswith("2"):
                content = {"schema": self.schema(schema, answer=True)}
                reduced["responses"][code]["content"] = {"application/json": content}
        return reduced

    def reduce(self) -> dict:
        paths: dict = {}
        for used in USED[self.kind]:
            method, path = used.split(" ")
            path = REPO[self.kind] + path[1:] if path.startswith(".") else path
            item = self.published["paths"][path]
            paths.setdefault(path, {})[method] = self.operation(item[method], item.get("parameters", []))
        self.deviate(paths)
        return {
            "openapi": "3.0.3",
            "info": {
                "title": f"{self.kind}, reduced to what Spaljé uses",
                "version": self.published["info"]["version"],
            },
            "x-source": SOURCES[self.kind],
            "x-deviations": DEVIATIONS.get(self.kind, []),
            "x-queries": QUERIES.get(self.kind, []),
            "servers": [{"url": "/"}],
            "paths": paths,
        }

    def deviate(self, paths: dict) -> None:
        repo = REPO[self.kind]
        if self.kind == "bitbucket-cloud":
            hook = self.schema({"$ref": "#/components/schemas/webhook_subscription"}, answer=False)
            hook["properties"]["secret"] = {"type": "string"}
            hook["required"] = [name for name in hook.get("required", []) if name != "type"]
            body = {"required": True, "content": {"application/json": {"schema": _tidy(hook)}}}
            paths[f"{repo}/hooks"]["post"]["requestBody"] = body
            paths[f"{repo}/hooks/{{uid}}"]["put"]["requestBody"] = body
            target = self.schema({"$ref": "#/components/schemas/pipeline_ref_target"}, answer=False)
            pipeline = paths[f"{repo}/pipelines"]["post"]["requestBody"]["content"]["application/json"][
                "schema"
            ]
            pipeline["properties"]["target"] = target
            for path, method in (("pullrequests", "post"), ("pullrequests/{pull_request_id}", "put")):
                body = paths[f"{repo}/{path}"][method]["requestBody"]["content"]["application/json"]["schema"]
                body["properties"]["description"] = {"type": "string"}
        if self.kind == "bitbucket-data-center":
            responses = paths[f"{repo}/webhooks"]["post"]["responses"]
            responses["201"] = responses["200"]
            changed = paths[f"{repo}/webhooks/{{webhookId}}"]["put"]["responses"]["200"]
            for said in (responses["200"], changed):
                said["content"]["application/json"]["schema"]["properties"]["id"] = {"type": "integer"}


def _tidy(schema: dict) -> dict:
    if "required" in schema:
        schema["required"] = sorted(set(schema["required"]) & set(schema.get("properties", {})))
        if not schema["required"]:
            del schema["required"]
    return schema


if __name__ == "__main__":
    kind, file = sys.argv[1:]
    reduced = Reducer(kind, json.loads(Path(file).read_text())).reduce()
    target = Path(__file__).parent / "descriptions" / f"{kind}.json"
    target.write_text(json.dumps(reduced, ensure_ascii=False, separators=(",", ":")) + "\n")
    print(target, target.stat().st_size)
