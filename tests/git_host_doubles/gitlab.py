"""GitLab's routes; it deletes at the second request, as GitLab does."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from git_host_doubles.double import OWNER, TOKEN, Double, Kept, Said, basic, paged

_STATES = {"open": "opened", "merged": "merged", "closed": "closed"}


class GitLabRoutes:
    prefix = "/api/v4"

    def __init__(self, double: Double) -> None:
        self.double = double

    def is_allowed(self, headers: Mapping[str, str]) -> bool:
        return headers.get("private-token") == TOKEN

    def is_allowed_git(self, authorization: str) -> bool:
        return authorization == basic("oauth2", TOKEN)

    def repository_of(self, git_path: str) -> str | None:
        first, _, rest = git_path.strip("/").partition("/")
        return rest.partition(".git")[0] if first == OWNER and ".git" in rest else None

    def error(self, text: str) -> Any:
        return {"message": text}

    def answer(self, method: str, path: str, query: Mapping[str, str], body: Any) -> Said:
        match (method, *map(unquote, path.strip("/").split("/"))):
            case ("GET", "namespaces", name):
                if name != OWNER:
                    return Said(404, self.error("404 Namespace Not Found"))
                return Said(200, {"id": 77, "name": name, "path": name, "kind": "group", "full_path": name})
            case ("POST", "projects"):
                return self._create(body)
            case (_, "projects", name, *rest):
                kept = next(
                    (
                        one
                        for one in self.double.repositories.values()
                        if name in {str(one.id), self._path(one)}
                    ),
                    None,
                )
                if kept is None:
                    return Said(404, self.error("404 Project Not Found"))
                return self._inside(method, rest, kept, query, body)
        raise AssertionError(path)

    def _path(self, kept: Kept) -> str:
        return f"{OWNER}/{kept.name}{f'-deletion_scheduled-{kept.id}' if kept.marked else ''}"

    def _create(self, body: Any) -> Said:
        assert body["namespace_id"] == 77
        assert body["visibility"] == "private"
        kept = self.double.make(body["path"], body.get("description", ""))
        if kept is None:
            return Said(400, {"message": {"path": ["has already been taken"]}})
        return Said(201, self._project(kept))

    def _inside(self, method: str, rest: list[str], kept: Kept, query: Mapping[str, str], body: Any) -> Said:  # noqa: C901, PLR0912  a table of routes
        match (method, *rest):
            case ("GET",):
                return Said(200, self._project(kept))
            case ("DELETE",):
                if query.get("permanently_remove") == "true" and kept.marked:
                    assert query["full_path"] == self._path(kept)
                    self.double.delete(kept.name)
                kept.marked = True
                return Said(202)
            case ("GET", "protected_branches", name):
                rule = next((one for one in kept.rules if one["name"] == name), None)
                return Said(404, self.error("404 Not found")) if rule is None else Said(200, rule)
            case ("POST", "protected_branches"):
                rule = {"id": 1, "name": body["name"], "allow_force_push": body["allow_force_push"]}
                kept.rules.append(rule)
                if not body["allow_force_push"]:
                    kept.protect(body["name"])
                return Said(201, rule)
            case ("PATCH", "protected_branches", name):
                rule = next(one for one in kept.rules if one["name"] == name)
                rule |= body
                kept.protect(name)
                return Said(200, rule)
            case ("GET", "variables", key):
                if key not in kept.variables:
                    return Said(404, self.error("404 Variable Not Found"))
                return Said(200, {"key": key, "hidden": kept.variables[key][1]})
            case ("PUT", "variables", key):
                kept.variables[key] = (body["value"], kept.variables[key][1])
                return Said(200, {"key": key, "hidden": kept.variables[key][1]})
            case ("DELETE", "variables", key):
                return Said(204 if kept.variables.pop(key, None) else 404)
            case ("POST", "variables"):
                hidden = body["masked_and_hidden"]
                if hidden and (len(body["value"]) < 8 or len(body["value"].split()) != 1):
                    return Said(400, {"message": {"value": [f"is invalid: {body['value']}"]}})
                kept.variables[body["key"]] = (body["value"], hidden)
                return Said(201, {"key": body["key"], "hidden": hidden})
            case ("GET", "hooks"):
                hooks, more = paged(
                    [{k: v for k, v in one.items() if k != "token"} for one in kept.hooks], query
                )
                return Said(200, hooks, more)
            case ("POST", "hooks"):
                kept.hooks.append({**body, "id": 100 + len(kept.hooks)})
                return Said(201, {k: v for k, v in kept.hooks[-1].items() if k != "token"})
            case ("PUT", "hooks", number):
                hook = next(one for one in kept.hooks if str(one["id"]) == number)
                hook |= body
                return Said(200, {k: v for k, v in hook.items() if k != "token"})
            case ("GET", "merge_requests"):
                found = [
                    self._request(kept, one)
                    for one in kept.pulls
                    if _STATES[one["state"]] == query.get("state")
                    and query.get("source_branch", one["source"]) == one["source"]
                    and query.get("target_branch", one["target"]) == one["target"]
                ]
                requests, more = paged(found if query.get("sort") == "asc" else found[::-1], query)
                return Said(200, requests, more)
            case ("POST", "merge_requests"):
                if not kept.has_branch(body["source_branch"]) or not kept.has_branch(body["target_branch"]):
                    return Said(400, {"message": {"source_branch": ["does not exist"]}})
                made = kept.pull(
                    body["source_branch"], body["target_branch"], body["title"], body["description"]
                )
                return Said(201, self._request(kept, made))
            case ("PUT", "merge_requests", number):
                pull = kept.pulls[int(number) - 1]
                pull |= {"title": body["title"], "body": body["description"]}
                return Said(200, self._request(kept, pull))
            case ("POST", "pipeline"):
                kept.started.append((body["ref"], {one["key"]: one["value"] for one in body["variables"]}))
                page = f"{self.double.address}/{self._path(kept)}/-/pipelines/{len(kept.started)}"
                return Said(201, {"id": len(kept.started), "web_url": page})
        raise AssertionError(rest)

    def _project(self, kept: Kept) -> dict[str, Any]:
        return {
            "id": kept.id, "name": kept.name, "path": self._path(kept).partition("/")[2],
            "path_with_namespace": self._path(kept), "web_url": f"{self.double.address}/{self._path(kept)}",
            "description": kept.description, "visibility": "private",
            "marked_for_deletion_on": "2026-03-02" if kept.marked else None,
        }  # fmt: skip

    def _request(self, kept: Kept, pull: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": 1000 + pull["number"], "iid": pull["number"], "title": pull["title"], "description": pull["body"],
            "state": _STATES[pull["state"]], "source_branch": pull["source"], "target_branch": pull["target"],
            "web_url": f"{self.double.address}/{self._path(kept)}/-/merge_requests/{pull['number']}",
        }  # fmt: skip
