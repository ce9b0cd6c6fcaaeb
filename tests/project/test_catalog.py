import tomllib

import pytest

from spalje.errors import BadInput, NotFound, UsageError
from spalje.project.template.catalog import Catalog, shipped
from spalje.project.template.catalog_file import Entry

TEAMS = {"retail": ("Eva Ek <eva@shop.se>", "bo"), "ads": ("kim",)}


@pytest.fixture
def catalog(tmp_path):
    return Catalog(tmp_path / "catalog.toml", tmp_path / "cache", TEAMS)


def test_the_shipped_templates_say_what_they_are(catalog):
    (forecasting,) = [template for template in catalog.all("eva") if template.name == "forecasting"]
    assert forecasting.description
    assert forecasting.owner
    assert forecasting.version
    assert forecasting.folder == shipped() / "forecasting"
    assert not forecasting.trusted
    assert catalog.find("forecasting") == forecasting
    assert catalog.versions("forecasting") == (forecasting.version,)


def test_an_added_template_is_on_offer_until_it_is_dropped(catalog, tiny):
    catalog.entries.put("tiny", Entry(source=str(tiny.folder), trusted=True))
    found = catalog.find("tiny", "anybody", tiny.version)
    assert (found.folder, found.trusted) == (tiny.folder, True)
    assert "tiny" in {template.name for template in catalog.all("anybody")}
    catalog.entries.drop("tiny")
    with pytest.raises(NotFound):
        catalog.find("tiny")


def test_an_entry_replaces_or_hides_what_is_shipped(catalog, tiny):
    catalog.entries.put("forecasting", Entry(source=str(tiny.folder)))
    assert catalog.find("forecasting").folder == tiny.folder
    catalog.entries.put("forecasting", Entry(hidden=True))
    assert "forecasting" not in {template.name for template in catalog.all()}
    with pytest.raises(NotFound, match="no template 'forecasting'"):
        catalog.find("forecasting")


def test_who_is_in_no_team_of_a_template_does_not_see_it(catalog, tiny):
    catalog.entries.put("tiny", Entry(source=str(tiny.folder), teams=("retail",)))
    for person in ("EVA@shop.se", "bo", None):
        assert "tiny" in {template.name for template in catalog.all(person)}
    for person in ("kim", "Eva <other@home.se>", ""):
        assert "tiny" not in {template.name for template in catalog.all(person)}
        with pytest.raises(NotFound) as raised:
            catalog.find("tiny", person)
        assert "There are: " in str(raised.value)
        assert "tiny," not in str(raised.value).partition("There are:")[2]
        with pytest.raises(NotFound):
            catalog.versions("tiny", person)


def test_a_team_that_is_not_in_the_settings_sees_nothing(catalog, tiny):
    catalog.entries.put("tiny", Entry(source=str(tiny.folder), teams=("nobody",)))
    assert "tiny" not in {template.name for template in catalog.all("eva@shop.se")}


def test_a_template_that_cannot_be_read_is_told_and_hides_no_other(catalog, tiny):
    catalog.entries.put("tiny", Entry(source=str(tiny.folder)))
    catalog.entries.put("gone", Entry(source=str(tiny.folder / "nowhere")))
    offer = catalog.look("eva")
    assert {"forecasting", "tiny"} <= {template.name for template in offer.templates}
    assert list(offer.problems) == ["gone"]
    assert "no template" in str(offer.problems["gone"])


def test_an_unknown_template_says_which_there_are(catalog):
    with pytest.raises(NotFound, match=r"no template 'forcasting'. Did you mean 'forecasting'"):
        catalog.find("forcasting")


@pytest.mark.parametrize(
    "name", ["../tiny", "/etc", "tiny/build", "tiny\\build", ".", "..", "", "Tiny", "a\0b", "tiny\n"]
)
def test_a_name_with_the_characters_of_a_path_is_refused(catalog, name):
    with pytest.raises(UsageError, match="cannot be the name of a template"):
        catalog.find(name)


@pytest.mark.parametrize(
    ("card", "said"),
    [
        ("", "description"), ("owner = 3", "description"), ("owner =", "not say what"), ("\x00", "not say what"),
        ('description = "d"\nowner = "o"\nversion = "1.0.0"\nx = "y"', "x: Extra"),
        ('description = "d"\nowner = "o"\nversion = "newest"', "a version is like 1.2.0"),
        ('description = "d"\nowner = "o"\nversion = "../../x"', "a version is like 1.2.0"),
        ('description = "a\\nb"\nowner = "o"\nversion = "1.0.0"', "one line of text"),
        ('description = "d"\nowner = "\\u001b[31m"\nversion = "1.0.0"', "one line of text"),
        ('description = "d"\nowner = "o"\nversion = "1"\n[check]\ndata = "../x.py"', "build repository"),
        ('description = "d"\nowner = "o"\nversion = "1"\n[check]\ndata = "/bin/sh"', "build repository"),
        ("x = 1\n" * 60_000, "larger than"),
    ],
)  # fmt: skip
def test_a_template_that_does_not_say_what_it_is_is_named(catalog, tiny, card, said):
    catalog.entries.put("tiny", Entry(source=str(tiny.folder)))
    (tiny.folder / "template.toml").write_text(card)
    with pytest.raises(BadInput, match=r"tiny/template\.toml") as raised:
        catalog.find("tiny")
    assert said in str(raised.value)


def test_a_card_that_is_a_link_out_is_not_read(catalog, tiny, tmp_path):
    catalog.entries.put("tiny", Entry(source=str(tiny.folder)))
    card = tiny.folder / "template.toml"
    card.rename(tmp_path / "elsewhere.toml")
    card.symlink_to(tmp_path / "elsewhere.toml")
    with pytest.raises(BadInput, match="leads out of the template"):
        catalog.find("tiny")


def test_comments_and_other_entries_stay_when_one_is_changed(catalog, tiny):
    catalog.file.write_text(
        '# ours\n[templates.one]  # the first\nsource = "/a"\nteams = ["retail"]\n\n[templates.two]\nhidden = true\n'
    )
    catalog.entries.put("three", Entry(source="/c", subfolder="x"))
    catalog.entries.drop("two")
    text = catalog.file.read_text()
    assert text.startswith('# ours\n[templates.one]  # the first\nsource = "/a"\n')
    assert catalog.entries.read() == {
        "one": Entry(source="/a", teams=("retail",)),
        "three": Entry(source="/c", subfolder="x"),
    }
    assert [path.name for path in catalog.file.parent.iterdir()] == ["catalog.toml"] or not list(
        catalog.file.parent.glob(".catalog.toml-*")
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[templates", "is not TOML"), ("[templates.a-b]\n", "source is missing"),
        ("[templates.ab]\nsource = 3\n", "templates.ab.source"), ("[template.ab]\n", "template: Extra"),
        ('[templates."../x"]\nsource = "/a"\n', "cannot be the name"),
        ('[templates.ab]\nsource = "/a"\ntrust = true\n', "templates.ab.trust: Extra"),
    ],
)  # fmt: skip
def test_a_catalog_file_that_is_wrong_says_where(catalog, text, said):
    catalog.file.write_text(text)
    with pytest.raises((BadInput, UsageError), match=r".") as raised:
        catalog.all()
    assert said in str(raised.value)


def test_the_wheel_holds_the_templates_where_the_catalog_looks():
    settings = tomllib.loads((shipped().parent / "pyproject.toml").read_text())
    included = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included["templates"] == "spalje/templates"
