"""Gitea's and Forgejo's routes."""

from collections.abc import Mapping
from typing import Any

from git_host_doubles.double import OWNER, TOKEN, Double, Kept, Said, basic, paged


class GiteaRoutes:
    prefix = "/api/v1"

    def __init__(self, double: Double) -> None:
        self.double = double

    def is_allowed(self, headers: Mapping[str, str]) -> bool:
        return headers.get("authorization") == f"token {TOKEN}"

    def is_allowed_git(self, authorization: str) -> bool:
        return authorization == basic("oauth2", TOKEN)

    def repository_of(self, git_path: str) -> str | None:
        first, _, rest = git_path.strip("/").partition("/")
        return rest.partition(".git")[0] if first == OWNER and ".git" in rest else None

    def error(self, text: str) -> Any:
        return {"message": text, "url": f"{self.double.address}/api/swagger"}

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
            return Said(409, self.error("The repository with the same name already exists."))
        assert body["private"]
        return Said(201, self._repository(kept))

    def _inside(self, method: str, rest: list[str], kept: Kept, query: Mapping[str, str], body: Any) -> Said:  # noqa: C901, PLR0912  a table of routes
        match (method, *rest):
            case ("GET",):
                return Said(200, self._repository(kept))
            case ("DELETE",):
                self.double.delete(kept.name)
                return Said(204)
            case ("GET", "branch_protections", name):
                rule = next((one for one in kept.rules if one["rule_name"] == name), None)
                return Said(404, self.error("Not Found")) if rule is None else Said(200, rule)
            case ("POST", "branch_protections"):
                kept.rules.append({"rule_name": body["rule_name"], "enable_push": body["enable_push"]})
                kept.protect(body["branch_name"])
                return Said(201, kept.rules[-1])
            case ("PUT", "actions", "secrets", name):
                kept.variables[name] = (body["data"], True)
                return Said(201)
            case ("PUT", "actions", "variables", name):
                if name not in kept.variables:
                    return Said(404, self.error("Not Found"))
                kept.variables[name] = (body["value"], False)
                return Said(204)
            case ("POST", "actions", "variables", name):
                kept.variables[name] = (body["value"], False)
                return Said(201)
            case ("GET", "hooks"):
                hooks, more = paged(kept.hooks, query)
                shown = [
                    {**one, "config": {k: v for k, v in one["config"].items() if k != "secret"}}
                    for one in hooks
                ]
                return Said(200, shown, more)
            case ("POST", "hooks"):
                kept.hooks.append({**body, "id": 100 + len(kept.hooks)})
                return Said(201, kept.hooks[-1])
            case ("PATCH", "hooks", number):
                hook = next(one for one in kept.hooks if str(one["id"]) == number)
                hook |= body
                return Said(200, hook)
            case ("GET", "pulls"):
                found = [
                    self._pull(kept, one) for one in kept.pulls[::-1] if one["state"] == query.get("state")
                ]
                pulls, more = paged(found, query)
                return Said(200, pulls, more)
            case ("POST", "pulls"):
                if not kept.has_branch(body["head"]) or not kept.has_branch(body["base"]):
                    return Said(404, self.error("Not Found"))
                return Said(
                    201, self._pull(kept, kept.pull(body["head"], body["base"], body["title"], body["body"]))
                )
            case ("PATCH", "pulls", number):
                pull = kept.pulls[int(number) - 1]
                pull |= body
                return Said(201, self._pull(kept, pull))
            case ("POST", "actions", "workflows", "promote.yml", "dispatches"):
                kept.started.append((body["ref"], body["inputs"]))
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
            "state": "open" if pull["state"] == "open" else "closed", "merged": pull["state"] == "merged",
            "html_url": f"{self.double.address}/{OWNER}/{kept.name}/pulls/{pull['number']}",
            "head": {"ref": pull["source"]}, "base": {"ref": pull["target"]},
        }  # fmt: skip
