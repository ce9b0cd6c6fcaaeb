"""The section ``[airflow]``: the Apache Airflow that is told of what is decided outside it."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from spalje.settings.section import Place, Section, Variable, is_readable


class AirflowSettings(Section):
    """The Airflow whose DAGs are triggered by what happens in the workspace.

    Attributes:
        url: where its API server is, such as ``https://airflow.example.org``; empty: none is told.
        username: who logs in there, with ``password_env``.
        password_env: the variable that holds that user's password.
        token_env: the variable that holds a token (JWT), instead of a user and a password.

    Example:
        >>> AirflowSettings(url="https://airflow.example.org", username="spalje", password_env="AIRFLOW_PASSWORD").told
        True
    """

    url: Place = ""
    username: Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{0,250}$")] = ""
    password_env: Variable | None = None
    token_env: Variable | None = None

    @property
    def told(self) -> bool:
        """Whether there is an Airflow to tell."""
        return bool(self.url)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.url:
            if self.username or self.password_env or self.token_env:
                raise ValueError("it needs url: where the API server of Airflow is")
            return self
        if bool(self.username) != (self.password_env is not None):
            raise ValueError("username and password_env belong together: give both or none")
        if (self.token_env is None) == (self.password_env is None):
            raise ValueError("log in by username and password_env, or by token_env, and not by both")
        if is_readable(self.url):
            raise ValueError("with http:// the login would be sent for everybody to read; use https://")
        return self
