import pytest

from spalje.registry.person import is_one_of, same_person


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Eva Ek <eva@shop.se>", "Eva  EK <EVA@shop.se>", True),
        ("Eva Ek", "Bo Ek", False),
        ("Eva Ek <eva@shop.se>", "Bo Ek <bo@shop.se>", False),
        ("eva", "Eva Ek <eva@shop.se>", True),
        ("eva@shop.se", "Eva Ek <eva@shop.se>", True),
        ("\uff25\uff56\uff41", "eva", True),  # full-width letters
        ("", "", False),
        ("<>", "", False),
        ("info@a.se", "info@b.se", False),
    ],
)
def test_same_person(one: str, other: str, same: bool):
    assert same_person(one, other) is same
    assert same_person(other, one) is same


@pytest.mark.parametrize(
    ("who", "named", "allowed"),
    [
        ("eva", ("Eva",), True),
        ("Eva <eva@shop.se>", ("eva",), True),
        ("eva", ("Eva Ek <eva@shop.se>",), False),
        ("Eva <eva@evil.se>", ("Eva <eva@shop.se>", "bo"), False),
        ("eva", (), False),
        ("", ("",), False),
    ],
)
def test_is_one_of(who: str, named: tuple[str, ...], allowed: bool):
    assert is_one_of(who, named) is allowed
