"""GitHub's routes."""

import base64
from collections.abc import Mapping
from typing import Any

from nacl.public import PrivateKey, SealedBox

from git_host_doubles.double import OWNER, TOKEN, Double, Kept, Said, basic, paged

_KEY = PrivateKey.generate()


class GitHubRoutes:
    prefix = "/api/v3"

    def __init__(self, double: Double) -> None:
        self.double = double

    def is_allowed(self, headers: Mapping[str, str]) -> bool:
        return headers.get("authorization") == f"Bearer {TOKEN}"

    def is_allowed_git(self, authorization: str) -> bool:
        return authorization == basic("x-access-token", TOKEN)

    def repository_of(self, git_path: str) -> str | None:
        first, _, rest = git_path.strip("/").partition("/")
        return rest.partition(".git")[0] if first == OWNER and ".git" in rest else None

    def error(self, text: str) -> Any:
        return {"message": text}

    def answer(self, method: str, path: str, query: Mapping[str, str], body: Any) -> Said:
        match (method, *path.strip("/").split("/")):
            case ("GET", "user"):
                return Said(200, {"login": "eva"})
            case ("POST", "orgs", org, "repos"):
                return self._create(body) if org == OWNER else Said(404, self.error("Not Found"))
            case ("POST", "user", "repos"):
                return self._create(body)
            case (_, "repos", _, name, *rest):
                kept = self.double.get(name)
                if kept is None:
                    return Said(404, self.error("Not Found"))
                return self._inside(method, rest, kept, query, body)
        raise AssertionError(path)

    def _create(self, body: Any) -> Said:
        kept = self.double.make(body["name"], body.get("description", ""))
        if kept is None:
            return Said(
                422,
                {"message": "Repository creation failed.", "errors": [{"message": "name already exists"}]},
            )
        assert body["private"]
        return Said(201, self._repository(kept))

    def _inside(self, method: str, rest: list[str], kept: Kept, query: Mapping[str, str], body: Any) -> Said:  # noqa: C901, PLR0912  a table of routes
        match (method, *rest):
            case ("GET",):
                return Said(200, self._repository(kept))
            case ("DELETE",):
                self.double.delete(kept.name)
                return Said(204)
            case ("GET", "rulesets"):
                rules, more = paged([{"id": one["id"], "name": one["name"]} for one in kept.rules], query)
                return Said(200, rules, more)
            case ("POST", "rulesets"):
                kept.rules.append({**body, "id": len(kept.rules) + 1})
                if {rule["type"] for rule in body["rules"]} >= {"deletion", "non_fast_forward"}:
                    for ref in body["conditions"]["ref_name"]["include"]:
                        kept.protect(ref.removeprefix("refs/heads/"))
                return Said(201, {"id": len(kept.rules), "name": body["name"]})
            case ("GET", "actions", "secrets", "public-key"):
                return Said(200, {"key_id": "k1", "key": base64.b64encode(bytes(_KEY.public_key)).decode()})
            case ("PUT", "actions", "secrets", name):
                assert body["key_id"] == "k1"
                value = SealedBox(_KEY).decrypt(base64.b64decode(body["encrypted_value"])).decode()
                new = name not in kept.variables
                kept.variables[name] = (value, True)
                return Said(201 if new else 204, {} if new else None)
            case ("PATCH", "actions", "variables", name):
                if name not in kept.variables:
                    return Said(404, self.error("Not Found"))
                kept.variables[name] = (body["value"], False)
                return Said(204)
            case ("POST", "actions", "variables"):
                kept.variables[body["name"]] = (body["value"], False)
                return Said(201, {})
            case ("GET", "hooks"):
                hooks, more = paged(kept.hooks, query)
                hidden = [{**one, "config": {**one["config"], "secret": "********"}} for one in hooks]
                return Said(200, hidden, more)
            case ("POST", "hooks"):
                assert body.pop("name") == "web"
                kept.hooks.append({**body, "id": 100 + len(kept.hooks)})
                return Said(201, kept.hooks[-1])
            case ("PATCH", "hooks", number):
                hook = next(one for one in kept.hooks if str(one["id"]) == number)
                hook |= body
                return Said(200, hook)
            case ("GET", "pulls"):
                found = [
                    self._pull(kept, one)
                    for one in kept.pulls
                    if one["state"] == query.get("state", "open")
                    and query.get("head", f"{OWNER}:{one['source']}") == f"{OWNER}:{one['source']}"
                    and query.get("base", one["target"]) == one["target"]
                ]
                pulls, more = paged(found if query.get("direction") == "asc" else found[::-1], query)
                return Said(200, pulls, more)
            case ("POST", "pulls"):
                if not kept.has_branch(body["head"]) or not kept.has_branch(body["base"]):
                    return Said(
                        422,
                        {"message": "Validation Failed", "errors": [{"field": "head", "code": "invalid"}]},
                    )
                return Said(
                    201, self._pull(kept, kept.pull(body["head"], body["base"], body["title"], body["body"]))
                )
            case ("PATCH", "pulls", number):
                pull = kept.pulls[int(number) - 1]
                pull |= body
                return Said(200, self._pull(kept, pull))
            case ("POST", "dispatches"):
                assert body["event_type"] == "spalje-approval"
                payload = dict(body["client_payload"])
                kept.started.append((payload.pop("branch"), payload))
                return Said(204)
        raise AssertionError(rest)

    def _repository(self, kept: Kept) -> dict[str, Any]:
        page = f"{self.double.address}/{OWNER}/{kept.name}"
        return {
            "id": kept.id, "name": kept.name, "full_name": f"{OWNER}/{kept.name}", "html_url": page,
            "description": kept.description, "private": True, "clone_url": f"{page}.git",
        }  # fmt: skip

    def _pull(self, kept: Kept, pull: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": 1000 + pull["number"], "number": pull["number"], "title": pull["title"], "body": pull["body"],
            "state": "open" if pull["state"] == "open" else "closed",
            "merged_at": "2026-03-02T06:00:00Z" if pull["state"] == "merged" else None,
            "html_url": f"{self.double.address}/{OWNER}/{kept.name}/pull/{pull['number']}",
            "head": {"ref": pull["source"]}, "base": {"ref": pull["target"]},
        }  # fmt: skip
