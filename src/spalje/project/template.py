"""Rendering a template into the files of a repository, with Copier."""

from collections.abc import Mapping
from pathlib import Path

from copier import Settings, run_copy
from copier.errors import CopierError
from jinja2 import TemplateError
from yaml import YAMLError  # type: ignore[import-untyped]

from spalje.errors import BadInput, NotFound, UsageError
from spalje.project.catalog import Template, check_name
from spalje.project.hook import Role

#: What a person answers about a project; the template's ``copier.yml`` asks the same.
QUESTIONS = ("title", "owner")


def render(
    template: Template, project: str, repository: Role, answers: Mapping[str, str], folder: Path
) -> None:
    """Write the files of one of a project's repositories; the same answers give the same bytes.

    Args:
        template: what to render.
        project: the project's name.
        repository: which of its repositories.
        answers: question -> answer; a question without one gets the template's default.
        folder: where to; must not be there yet.

    Raises:
        NotFound: an answer to something the template does not ask.
        UsageError: the project's name or an answer is not allowed.
        BadInput: the template cannot be rendered.
    """
    check_name("project", project)
    for question, answer in answers.items():
        if question not in QUESTIONS:
            raise NotFound("question", question, QUESTIONS)
        if not answer.isprintable() or len(answer) > 100:
            raise UsageError(
                f"The {question} {answer!r} cannot be used.", do="Use one line of at most 100 characters."
            )
    told = {
        **answers,
        "project": project,
        "repository": repository,
        "template": template.name,
        "template_version": template.version,
    }
    try:
        run_copy(
            str(template.folder),
            folder,
            data=told,
            defaults=True,
            quiet=True,
            unsafe=False,  # refuses a template that would run programs
            settings=Settings(),  # rather than those in this person's home
        )
    except (CopierError, TemplateError, YAMLError, ValueError) as error:
        reason = str(error) or type(error).__name__
        raise BadInput(
            f"Template '{template.name}' {template.version} cannot be rendered: {reason}",
            do=f"Mend it in {template.folder}, or ask {template.owner}.",
        ) from error
