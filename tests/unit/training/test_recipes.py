import pytest

from facestats.errors import MissingInputError, UnknownNameError, UsageError
from facestats.training.recipes import Recipe, find_recipe, read_recipe, recipe_toml, shipped_recipes


@pytest.fixture
def write(tmp_path):
    def write(text):
        (tmp_path / "mine.toml").write_text(text)
        return tmp_path / "mine.toml"

    return write


@pytest.mark.parametrize("name", list(shipped_recipes()))
def test_shipped_recipes_are_read(name):
    assert find_recipe(name).attributes


def test_the_detector_has_a_recipe_of_its_own():
    from facestats._util.resources import bundled
    from facestats.training.detector.fitting import DetectorRecipe

    assert read_recipe(bundled("recipes") / "detector.toml", DetectorRecipe) == DetectorRecipe()
    assert "detector" not in shipped_recipes()


def test_every_attribute_has_a_recipe():
    for name in ("expression", "gender", "age", "makeup"):
        assert find_recipe(name).attributes == (name,)


def test_a_file_of_ones_own(write):
    path = write('attributes = ["gender", "age"]\nepochs = 3\nmixup = 1\n[emphasis]\nage = 0.5\n')
    assert find_recipe(str(path)) == Recipe(("gender", "age"), epochs=3, mixup=1.0, emphasis={"age": 0.5})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("epochs = 3", "has no key 'attributes'"),
        ('attributes = ["gender"]\nepoch = 3', "unknown key 'epoch'; there are attributes, network"),
        ('attributes = ["gender"]\nepochs = "3"', "epochs must be int, not '3'"),
        ('attributes = ["gender"]\nepochs = true', "epochs must be int, not True"),
        ('attributes = ["gender"]\nepochs = 0', r"epochs must be in \[1, 10000\], not 0"),
        ('attributes = ["gender"]\nlearning_rate = nan', "learning_rate must be in"),
        ('attributes = "gender"', "attributes must be a list of texts"),
        ('attributes = ["mood"]', "unknown attribute 'mood'"),
        ('attributes = ["age", "age"]', "each once"),
        ("attributes = []", "one attribute or several"),
        ('attributes = ["age"]\nnetwork = "vgg"', "unknown network 'vgg'"),
        ('attributes = ["age"]\ninput_color = "bgr"', "input_color must be gray or rgb"),
        ('attributes = ["age"]\n[emphasis]\nage = "much"', "emphasis must be a table of numbers"),
        ('attributes = ["age"]\n[emphasis]\nage = -1', "emphasis must be positive"),
        ('attributes = ["age"]\n[emphasis]\nage = nan', "emphasis must be positive"),
        ('attributes = ["age"]\n[emphasis]\ngender = 1', "emphasis is for age, not gender"),
        ("attributes = [", "is not TOML"),
    ],
)
def test_what_is_wrong_is_told_with_the_file(write, text, told):
    with pytest.raises(UsageError, match=rf"mine\.toml.*{told}"):
        read_recipe(write(text))


def test_written_recipes_are_read_again(write):
    recipe = Recipe(("gender", "age"), learning_rate=3e-4, bfloat16=False, emphasis={"age": 0.5, "gender": 2.0})
    assert read_recipe(write(recipe_toml(recipe))) == recipe


def test_recipes_that_are_not_there(tmp_path):
    with pytest.raises(MissingInputError, match="no recipe at"):
        find_recipe(str(tmp_path / "no.toml"))
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(UsageError, match="cannot read the recipe"):
        find_recipe(str(tmp_path / "folder.toml"))
    with pytest.raises(UnknownNameError, match="unknown recipe 'mood'"):
        find_recipe("mood")
