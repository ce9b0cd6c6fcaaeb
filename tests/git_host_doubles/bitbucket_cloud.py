"""Bitbucket Cloud's routes; pipelines of a new repository are known a moment later, as with Bitbucket."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlencode

from git_host_doubles.double import OWNER, PAGE, TOKEN, USER, Double, Kept, Said, basic

_STATES = {"open": "OPEN", "merged": "MERGED", "closed": "DECLINED"}
_RULES = {"delete", "force"}


class BitbucketCloudRoutes:
    prefix = "/2.0"

    def __init__(self, double: Double) -> None:
        self.double = double

    def is_allowed(self, headers: Mapping[str, str]) -> bool:
        return headers.get("authorization") == basic(USER, TOKEN)

    def is_allowed_git(self, authorization: str) -> bool:
        return authorization == basic("x-bitbucket-api-token-auth", TOKEN)

    def repository_of(self, git_path: str) -> str | None:
        first, _, rest = git_path.strip("/").partition("/")
        return rest.partition(".git")[0] if first == OWNER and ".git" in rest else None

    def error(self, text: str) -> Any:
        return {"type": "error", "error": {"message": text}}

    def answer(self, method: str, path: str, query: Mapping[str, str], body: Any) -> Said:
        _, owner, slug, *rest = map(unquote, path.strip("/").split("/"))
        if owner != OWNER:
            return Said(404, self.error(f"No workspace with identifier '{owner}'."))
        assert slug == slug.lower()
        kept = self.double.get(slug)
        if (method, rest) == ("POST", []):
            assert body["is_private"]
            assert body["project"]["key"] == "RETAIL"
            made = self.double.make(slug, body.get("description", ""))
            if made is None:
                return Said(400, self.error("Repository with this Slug and Owner already exists."))
            made.pipelines_known_after = 2
            return Said(200, self._repository(made))
        if kept is None:
            return Said(404, self.error(f"Repository {owner}/{slug} not found"))
        return self._inside(method, path, rest, kept, query, body)

    def _inside(  # noqa: C901, PLR0912  a table of routes
        self, method: str, path: str, rest: list[str], kept: Kept, query: Mapping[str, str], body: Any
    ) -> Said:
        match (method, *rest):
            case ("GET",):
                return Said(200, self._repository(kept))
            case ("DELETE",):
                self.double.delete(kept.name)
                return Said(204)
            case ("GET", "branch-restrictions"):
                found = [
                    one
                    for one in kept.rules
                    if one["kind"] == query.get("kind", one["kind"])
                    and one["pattern"] == query.get("pattern", one["pattern"])
                ]
                return self._page(path, found, query)
            case ("POST", "branch-restrictions"):
                kept.rules.append(
                    {**{k: body[k] for k in ("type", "kind", "pattern")}, "id": len(kept.rules)}
                )
                if {one["kind"] for one in kept.rules if one["pattern"] == body["pattern"]} >= _RULES:
                    kept.protect(body["pattern"])
                return Said(201, kept.rules[-1])
            case ("PUT", "pipelines_config"):
                kept.pipelines_known_after -= 1
                if kept.pipelines_known_after >= 0:
                    return Said(404, self.error("Not found"))
                return Said(200, {"type": "repository_pipelines_configuration", "enabled": body["enabled"]})
            case ("GET", "pipelines_config", "variables"):
                return self._page(path, [self._variable(kept, name) for name in kept.variables], query)
            case ("POST", "pipelines_config", "variables"):
                if body["key"] in kept.variables:
                    return Said(409, self.error("There is already a variable of that name."))
                kept.variables[body["key"]] = (body["value"], body["secured"])
                return Said(201, self._variable(kept, body["key"]))
            case ("PUT", "pipelines_config", "variables", uuid):
                name = uuid.strip("{}")
                kept.variables[name] = (body["value"], body["secured"])
                return Said(200, self._variable(kept, name))
            case ("GET", "hooks"):
                return self._page(path, [self._hook(one) for one in kept.hooks], query)
            case ("POST", "hooks"):
                kept.hooks.append({**body, "uuid": f"{{hook-{len(kept.hooks)}}}"})
                return Said(201, self._hook(kept.hooks[-1]))
            case ("PUT", "hooks", uuid):
                hook = next(one for one in kept.hooks if one["uuid"] == uuid)
                hook |= body
                return Said(200, self._hook(hook))
            case ("GET", "pullrequests"):
                found = [
                    self._request(kept, one)
                    for one in kept.pulls[::-1]
                    if _STATES[one["state"]] == query["state"]
                ]
                return self._page(path, found, query)
            case ("POST", "pullrequests"):
                source, target = (body[end]["branch"]["name"] for end in ("source", "destination"))
                if not kept.has_branch(source) or not kept.has_branch(target):
                    return Said(400, self.error("source: branch not found"))
                return Said(
                    201, self._request(kept, kept.pull(source, target, body["title"], body["description"]))
                )
            case ("PUT", "pullrequests", number):
                pull = kept.pulls[int(number) - 1]
                pull |= {"title": body["title"], "body": body["description"]}
                return Said(200, self._request(kept, pull))
            case ("POST", "pipelines"):
                target = body["target"]
                assert target["selector"] == {"type": "custom", "pattern": "promote"}
                variables = {one["key"]: one["value"] for one in body["variables"]}
                kept.started.append((target["ref_name"], variables))
                return Said(201, {"type": "pipeline", "build_number": len(kept.started)})
        raise AssertionError(rest)

    def _page(self, path: str, found: list[Any], query: Mapping[str, str]) -> Said:
        page = int(query.get("page", 1))
        said: dict[str, Any] = {
            "values": found[(page - 1) * PAGE : page * PAGE],
            "page": page,
            "pagelen": PAGE,
        }
        if page * PAGE < len(found):
            said["next"] = (
                f"{self.double.address}{self.prefix}{path}?{urlencode({**query, 'page': page + 1})}"
            )
        return Said(200, said)

    def _hook(self, hook: dict[str, Any]) -> dict[str, Any]:
        return {**{k: v for k, v in hook.items() if k != "secret"}, "secret_set": bool(hook.get("secret"))}

    def _variable(self, kept: Kept, name: str) -> dict[str, Any]:
        value, secret = kept.variables[name]
        shown = {} if secret else {"value": value}
        return {"type": "pipeline_variable", "uuid": f"{{{name}}}", "key": name, "secured": secret, **shown}

    def _repository(self, kept: Kept) -> dict[str, Any]:
        page = f"{self.double.address}/{OWNER}/{kept.name}"
        return {
            "type": "repository", "name": kept.name, "full_name": f"{OWNER}/{kept.name}", "scm": "git",
            "description": kept.description, "is_private": True, "links": {"html": {"href": page}},
        }  # fmt: skip

    def _request(self, kept: Kept, pull: dict[str, Any]) -> dict[str, Any]:
        page = f"{self.double.address}/{OWNER}/{kept.name}/pull-requests/{pull['number']}"
        return {
            "type": "pullrequest", "id": pull["number"], "title": pull["title"], "summary": {"raw": pull["body"]},
            "state": _STATES[pull["state"]], "links": {"html": {"href": page}},
            "source": {"branch": {"name": pull["source"]}}, "destination": {"branch": {"name": pull["target"]}},
        }  # fmt: skip
