import tomllib

import pytest

from spalje.errors import BadInput, NotFound, UsageError
from spalje.project.catalog import catalog, find, shipped


def test_the_shipped_templates_say_what_they_are():
    (forecasting,) = [template for template in catalog() if template.name == "forecasting"]
    assert forecasting.description
    assert forecasting.owner
    assert forecasting.version
    assert forecasting.folder == shipped() / "forecasting"
    assert find("forecasting") == forecasting


def test_templates_of_another_folder_are_found(templates):
    (templates / "no-template").mkdir()
    assert [template.name for template in catalog(templates)] == ["tiny"]


def test_an_unknown_template_says_which_there_are(templates):
    with pytest.raises(NotFound, match=r"no template 'tiney'. Did you mean 'tiny'"):
        find("tiney", templates)


@pytest.mark.parametrize(
    "name", ["../tiny", "/etc", "tiny/build", "tiny\\build", ".", "..", "", "Tiny", "a\0b", "tiny\n"]
)
def test_a_name_with_the_characters_of_a_path_is_refused(templates, name):
    with pytest.raises(UsageError, match="cannot be the name of a template"):
        find(name, templates)


@pytest.mark.parametrize("card", ["", "owner = 3", "owner =", 'x = "y"', "\x00"])
def test_a_template_that_does_not_say_what_it_is_is_named(templates, card):
    (templates / "tiny" / "template.toml").write_text(card)
    with pytest.raises(BadInput, match=r"tiny/template\.toml does not say"):
        catalog(templates)


def test_the_wheel_holds_the_templates_where_the_catalog_looks():
    settings = tomllib.loads((shipped().parent / "pyproject.toml").read_text())
    included = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included["templates"] == "spalje/templates"
