"""The catalog: the templates that projects of a workspace can be created from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from spalje.errors import NotFound, SpaljeError
from spalje.project.template.card import CARD
from spalje.project.template.catalog_file import CatalogFile, Entry
from spalje.project.template.source import Sources
from spalje.project.template.template import Template, check_name
from spalje.registry.person import is_one_of

__all__ = ["Catalog", "Offer", "Template", "check_name", "is_shipped", "shipped"]


def shipped() -> Path:
    """The folder of the templates that come with Spaljé: in the package, or in its source checkout."""
    package = Path(str(files("spalje")))
    packaged = package / "templates"
    return packaged if packaged.is_dir() else package.parents[1] / "templates"


def is_shipped(name: str) -> bool:
    """Whether a template of that name comes with Spaljé."""
    return "/" not in name and (shipped() / name / CARD).is_file()


@dataclass(frozen=True, slots=True)
class Offer:
    """What a catalog offers somebody.

    Attributes:
        templates: the newest version of each, by name.
        problems: name of an entry that cannot be read -> why.
    """

    templates: tuple[Template, ...]
    problems: Mapping[str, SpaljeError]


@dataclass(frozen=True)
class Catalog:
    """The templates that come with Spaljé, and those that the workspace's ``catalog.toml`` adds, replaces or hides.

    Attributes:
        file: ``catalog.toml``; need not be there.
        cache: a folder for what comes from Git repositories.
        teams: name of a team -> the people in it.
        credentials: variables for ``git`` that reach a private repository.
    """

    file: Path
    cache: Path
    teams: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    credentials: Callable[[str], Mapping[str, str]] = field(default=lambda _: {}, repr=False)

    def all(self, person: str | None = None) -> tuple[Template, ...]:
        """The newest version of each template that a person sees, by name; those that cannot be read are left out.

        Args:
            person: who asks, as ``spalje.registry.person`` writes people; None: the workspace itself, which sees all.
        """
        return self.look(person).templates

    def look(self, person: str | None = None) -> Offer:
        """What a person is offered, and what cannot be read of it."""
        templates, problems = [], {}
        for name, entry in sorted(self._entries(person).items()):
            try:
                templates.append(self.sources.template(name, entry))
            except SpaljeError as error:
                problems[name] = error
        return Offer(tuple(templates), problems)

    def find(self, name: str, person: str | None = None, version: str | None = None) -> Template:
        """A template by name.

        Args:
            name: as in the catalog.
            person: who asks; None: the workspace itself.
            version: which; None: the newest.

        Raises:
            UsageError: no template can be called that.
            NotFound: there is none of that name for this person, or no such version; says which there are.
            BadInput: it cannot be read.
        """
        check_name("template", name)
        entries = self._entries(person)
        if name not in entries:
            raise NotFound("template", name, entries)
        return self.sources.template(name, entries[name], version)

    def versions(self, name: str, person: str | None = None) -> tuple[str, ...]:
        """The versions of a template that are on offer, oldest first.

        Raises:
            NotFound: there is no such template for this person.
        """
        check_name("template", name)
        entries = self._entries(person)
        if name not in entries:
            raise NotFound("template", name, entries)
        return self.sources.versions(name, entries[name])

    @property
    def sources(self) -> Sources:
        """Reads templates from where they are."""
        return Sources(self.cache, self.credentials)

    @property
    def entries(self) -> CatalogFile:
        """What the workspace says of templates."""
        return CatalogFile(self.file)

    def _entries(self, person: str | None) -> dict[str, Entry]:
        """The entries that a person sees."""
        of_spalje = {card.parent.name: Entry(source=str(card.parent)) for card in shipped().glob(f"*/{CARD}")}
        entries = {**of_spalje, **self.entries.read()}
        return {
            name: entry for name, entry in entries.items() if not entry.hidden and self._sees(person, entry)
        }

    def _sees(self, person: str | None, entry: Entry) -> bool:
        if person is None or not entry.teams:
            return True
        return any(is_one_of(person, self.teams.get(team, ())) for team in entry.teams)
