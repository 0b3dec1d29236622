import pytest

from facestats.errors import MissingInputError, UnknownNameError, UsageError
from facestats.training.recipes import DetectorRecipe, Recipe, find_recipe, read_recipe, recipe_toml, shipped_recipes


@pytest.fixture
def write(tmp_path):
    def write(text):
        (tmp_path / "mine.toml").write_text(text)
        return tmp_path / "mine.toml"

    return write


@pytest.mark.parametrize("name", list(shipped_recipes()))
def test_shipped_recipes_are_read(name):
    assert find_recipe(name) == read_recipe(shipped_recipes()[name])


def test_the_detector_has_a_recipe_of_its_own():
    assert find_recipe("detector") == DetectorRecipe()


def test_every_attribute_has_a_recipe():
    for name in ("expression", "gender", "age", "makeup"):
        assert find_recipe(name).attributes == (name,)
        # A beginner has no model yet to start from or to learn from.
        recipe = find_recipe(name)
        assert not any((recipe.robust, recipe.unlabelled, recipe.last_layer))


def test_a_file_of_ones_own(write):
    path = write('attributes = ["gender", "age"]\nepochs = 3\nmixup = 1\n[emphasis]\nage = 0.5\n')
    assert find_recipe(str(path)) == Recipe(("gender", "age"), epochs=3, mixup=1.0, emphasis={"age": 0.5})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("epochs = 3", "has no key 'attributes'"),
        ('attributes = ["gender"]\nepoch = 3', "unknown key 'epoch'; there are kind, batch_size"),
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
        ('attributes = ["age"]\n[balance]\ngender = "race"', "balance is for age, not gender"),
        ('attributes = ["age"]\n[robust]\nage = "race"', "not for age"),
        ('attributes = ["gender"]\n[robust]\ngender = 1', "robust must be a table of texts"),
        (
            'attributes = ["gender"]\n[robust]\ngender = "race"\n[balance]\ngender = "race"',
            "gender cannot be both in balance and in robust",
        ),
        ("attributes = [", "is not TOML"),
        ('kind = "tracker"', "kind must be one of attributes, detector, embedding, faceness, not 'tracker'"),
        ('kind = "detector"\nepochs = 3', "unknown key 'epochs'; there are kind, .*steps, side"),
        ('kind = "detector"\nside = 100', "side must be a multiple of 32, not 100"),
        ('kind = "detector"\nside = 32', r"side must be in \[64, 2048\], not 32"),
        ('kind = "detector"\nsteps = 0', "steps must be in"),
        ('kind = "detector"\nbatch_size = 1', "batch_size must be in"),
        ('attributes = ["age"]\nsources = ["lfw"]\nunseen = ["lfw"]', "lfw cannot be both in sources"),
    ],
)
def test_what_is_wrong_is_told_with_the_file(write, text, told):
    with pytest.raises(UsageError, match=rf"mine\.toml.*{told}"):
        read_recipe(write(text))


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(("gender", "age"), learning_rate=3e-4, bfloat16=False, emphasis={"age": 0.5, "gender": 2.0}),
        Recipe(("expression",), sources=("fer2013",), unseen=("lfw", "ckplus")),
        DetectorRecipe(steps=5, side=96, compiled=True),
    ],
)
def test_written_recipes_are_read_again(write, recipe):
    assert read_recipe(write(recipe_toml(recipe))) == recipe


def test_a_recipe_of_ones_own_for_the_detector(write):
    path = write('kind = "detector"\nsteps = 7\nlearning_rate = 1e-3\n')
    assert find_recipe(str(path)) == DetectorRecipe(steps=7, learning_rate=1e-3)


def test_recipes_that_are_not_there(tmp_path):
    with pytest.raises(MissingInputError, match="no recipe at"):
        find_recipe(str(tmp_path / "no.toml"))
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(UsageError, match="cannot read the recipe"):
        find_recipe(str(tmp_path / "folder.toml"))
    with pytest.raises(UnknownNameError, match="unknown recipe 'mood'"):
        find_recipe("mood")
