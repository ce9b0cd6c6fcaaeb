"""Whether a request is one that a host's description allows, and an answer one that it could give."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from werkzeug.datastructures import Headers, ImmutableMultiDict

FOLDER = Path(__file__).parent / "descriptions"


@dataclass
class _Request:
    """See ``openapi_core.protocols.Request``."""

    method: str
    path: str
    body: bytes | None
    content_type: str
    query: Mapping[str, str]
    host_url: str = "http://double"
    parameters: RequestParameters = field(init=False)

    def __post_init__(self) -> None:
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(self.query), header=Headers(), cookie=ImmutableMultiDict()
        )


@dataclass
class _Response:
    """See ``openapi_core.protocols.Response``."""

    status_code: int
    data: bytes | None
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class Undescribed(Exception):
    """The description has no such request, or no such answer."""


@dataclass(frozen=True, eq=False)
class Description:
    """A host's published API description, reduced to what Spaljé uses. What was checked once is remembered."""

    kind: str
    api: OpenAPI
    raw: dict

    @cache  # noqa: B019  there are five, and they live as long as the tests
    def check_request(
        self, method: str, path: str, query: tuple[tuple[str, str], ...], body: bytes, content_type: str
    ) -> None:
        """Raises Undescribed: no such request is described."""
        request = _Request(method.lower(), path, body or None, content_type, dict(query))
        unknown = set(dict(query)) - self._queries(method.lower(), path)
        if unknown:
            raise Undescribed(f"{method} {path}: no such query: {sorted(unknown)}")
        if body and "requestBody" not in self._operation(method.lower(), path):
            raise Undescribed(f"{method} {path}: takes no body")
        try:
            self.api.validate_request(request)
        except OpenAPIError as error:
            raise Undescribed(f"{method} {path}: {_reasons(error)}") from error

    @cache  # noqa: B019
    def check_answer(self, method: str, path: str, status: int, data: bytes) -> None:
        """Raises Undescribed: no such answer is described."""
        described = self._operation(method.lower(), path)["responses"]
        if str(status) not in described:
            raise Undescribed(f"{method} {path}: no answer {status} is described")
        if "content" not in described[str(status)]:
            return
        try:
            self.api.validate_response(
                _Request(method.lower(), path, None, "application/json", {}), _Response(status, data)
            )
        except OpenAPIError as error:
            raise Undescribed(f"answer to {method} {path}: {_reasons(error)}") from error

    def _operation(self, method: str, path: str) -> dict:
        parts = path.split("/")
        for template, item in self.raw["paths"].items():
            names = template.split("/")
            if (
                method in item
                and len(names) == len(parts)
                and all(
                    name.startswith("{") or name == given for name, given in zip(names, parts, strict=True)
                )
            ):
                return item[method]
        raise Undescribed(f"{method.upper()} {path}: no such path")

    def _queries(self, method: str, path: str) -> set[str]:
        described = {
            one["name"] for one in self._operation(method, path)["parameters"] if one["in"] == "query"
        }
        return described | set(self.raw.get("x-queries", ()))


@cache
def description(kind: str) -> Description:
    raw = json.loads((FOLDER / f"{kind}.json").read_text())
    bulk = {"application/vnd.atl.bitbucket.bulk+json": json.loads}
    return Description(kind, OpenAPI.from_dict(raw, config=Config(extra_media_type_deserializers=bulk)), raw)


def _reasons(error: BaseException) -> str:
    """What an error and those behind it say."""
    said = []
    at: BaseException | None = error
    while at is not None:
        said.append(str(at) or type(at).__name__)
        said += [one.message for one in getattr(at, "schema_errors", ())]
        at = at.__cause__
    return "; ".join(dict.fromkeys(said))
