"""Bitbucket Data Center's routes."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from git_host_doubles.double import OWNER, PAGE, TOKEN, Double, Kept, Said, git

_STATES = {"open": "OPEN", "merged": "MERGED", "closed": "DECLINED"}
_RULES = {"no-deletes", "fast-forward-only"}


class BitbucketDataCenterRoutes:
    prefix = "/rest"

    def __init__(self, double: Double) -> None:
        self.double = double

    def is_allowed(self, headers: Mapping[str, str]) -> bool:
        return headers.get("authorization") == f"Bearer {TOKEN}"

    def is_allowed_git(self, authorization: str) -> bool:
        return authorization == f"Bearer {TOKEN}"

    def repository_of(self, git_path: str) -> str | None:
        start = f"/scm/{OWNER}/"
        return git_path.removeprefix(start).partition(".git")[0] if git_path.startswith(start) else None

    def error(self, text: str) -> Any:
        return {"errors": [{"context": None, "message": text, "exceptionName": "com.atlassian.bitbucket"}]}

    def answer(self, method: str, path: str, query: Mapping[str, str], body: Any) -> Said:
        area, _, _, key, _, *rest = map(unquote, path.strip("/").split("/"))
        if key.lower() != OWNER:
            return Said(404, self.error(f"Project {key} does not exist."))
        if (method, rest) == ("POST", []):
            kept = self.double.make(body["name"], body.get("description", ""))
            if kept is None:
                return Said(409, self.error("This repository URL is already taken."))
            return Said(201, self._repository(kept))
        slug, *inner = rest
        assert slug == slug.lower()
        kept = self.double.get(slug)
        if kept is None:
            return Said(404, self.error(f"Repository {key}/{slug} does not exist."))
        if area == "branch-permissions":
            return self._restrictions(method, kept, query, body)
        return self._inside(method, inner, kept, query, body)

    def _restrictions(self, method: str, kept: Kept, query: Mapping[str, str], body: Any) -> Said:
        if method == "GET":
            found = [
                one
                for one in kept.rules
                if one["matcher"]["id"] == query["matcherId"] and one["type"] == query["type"]
            ]
            return self._page(found, query)
        for rule in body:
            kept.rules.append(
                {"id": len(kept.rules), "type": rule["type"], "matcher": {"id": rule["matcher"]["id"]}}
            )
            ref = rule["matcher"]["id"]
            if {one["type"] for one in kept.rules if one["matcher"]["id"] == ref} >= _RULES:
                kept.protect(ref.removeprefix("refs/heads/"))
        return Said(200, kept.rules[-1])

    def _inside(self, method: str, rest: list[str], kept: Kept, query: Mapping[str, str], body: Any) -> Said:  # noqa: C901  a table of routes
        match (method, *rest):
            case ("GET",):
                return Said(200, self._repository(kept))
            case ("DELETE",):
                self.double.delete(kept.name)
                return Said(202)
            case ("GET", "webhooks"):
                return Said(200, {"values": kept.hooks, "isLastPage": True})
            case ("POST", "webhooks"):
                kept.hooks.append({**body, "id": 100 + len(kept.hooks)})
                return Said(201, self._hook(kept.hooks[-1]))
            case ("PUT", "webhooks", number):
                hook = next(one for one in kept.hooks if str(one["id"]) == number)
                hook |= body
                return Said(200, self._hook(hook))
            case ("GET", "pull-requests"):
                found = [
                    self._request(kept, one)
                    for one in kept.pulls
                    if _STATES[one["state"]] == query["state"]
                    and query.get("at", f"refs/heads/{one['target']}") == f"refs/heads/{one['target']}"
                ]
                return self._page(found if query.get("order") == "OLDEST" else found[::-1], query)
            case ("POST", "pull-requests"):
                source, target = (body[end]["id"].removeprefix("refs/heads/") for end in ("fromRef", "toRef"))
                if not kept.has_branch(source) or not kept.has_branch(target):
                    return Said(404, self.error("The branch does not exist."))
                return Said(
                    201, self._request(kept, kept.pull(source, target, body["title"], body["description"]))
                )
            case ("PUT", "pull-requests", number):
                pull = kept.pulls[int(number) - 1]
                if body["version"] != pull["version"]:
                    return Said(409, self.error("You are attempting to modify a pull request out of date."))
                pull |= {"title": body["title"], "body": body["description"], "version": pull["version"] + 1}
                return Said(200, self._request(kept, pull))
            case ("GET", "tags", *name):
                tag = "/".join(name)
                there = git(kept.path, "rev-parse", "--verify", "--quiet", f"refs/tags/{tag}", check=False)
                return (
                    Said(200, {"id": f"refs/tags/{tag}", "displayId": tag})
                    if there
                    else Said(404, self.error(tag))
                )
            case ("POST", "tags"):
                identity = ("-c", "user.name=double", "-c", "user.email=double@localhost")
                git(
                    kept.path,
                    *identity,
                    "tag",
                    "--annotate",
                    "--message",
                    body["message"],
                    body["name"],
                    body["startPoint"],
                )
                variables = dict(line.split("=", 1) for line in body["message"].splitlines())
                kept.started.append((body["startPoint"].removeprefix("refs/heads/"), variables))
                return Said(200, {"id": f"refs/tags/{body['name']}", "displayId": body["name"]})
        raise AssertionError(rest)

    def _page(self, found: list[Any], query: Mapping[str, str]) -> Said:
        start = int(query.get("start", 0))
        last = start + PAGE >= len(found)
        said = {"values": found[start : start + PAGE], "isLastPage": last, "start": start, "limit": PAGE}
        return Said(200, said if last else {**said, "nextPageStart": start + PAGE})

    def _hook(self, hook: dict[str, Any]) -> dict[str, Any]:
        return {key: hook[key] for key in ("id", "name", "url", "active", "events")}

    def _repository(self, kept: Kept) -> dict[str, Any]:
        page = f"{self.double.address}/projects/{OWNER.upper()}/repos/{kept.name.lower()}/browse"
        return {
            "id": kept.id, "slug": kept.name.lower(), "name": kept.name, "scmId": "git",
            "description": kept.description, "links": {"self": [{"href": page}]},
        }  # fmt: skip

    def _request(self, kept: Kept, pull: dict[str, Any]) -> dict[str, Any]:
        page = (
            f"{self.double.address}/projects/{OWNER.upper()}/repos/{kept.name}/pull-requests/{pull['number']}"
        )
        return {
            "id": pull["number"], "version": pull["version"], "title": pull["title"], "description": pull["body"],
            "state": _STATES[pull["state"]], "links": {"self": [{"href": page}]},
            "fromRef": {"id": f"refs/heads/{pull['source']}", "displayId": pull["source"]},
            "toRef": {"id": f"refs/heads/{pull['target']}", "displayId": pull["target"]},
        }  # fmt: skip
