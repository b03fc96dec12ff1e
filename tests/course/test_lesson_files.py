"""Lessons that a teacher writes: the format of the file, its errors with line and key, page and package."""

from base64 import b64encode
from functools import reduce
from io import BytesIO
from itertools import chain
from xml.etree import ElementTree
from zipfile import ZipFile

import numpy as np
import pytest

from deepstep import Network
from deepstep.course.lesson import FORMAT, build, html_page, manifest, package
from deepstep.course.stage import written
from deepstep.errors import ConfigurationError, FileError
from deepstep.explorer.page import unpacked
from hostile_texts import TOML

FRONT = '+++\ntitle = "A lesson"\n\n[scene]\nexamples = 8\n+++\n'  # 6 lines
LESSON = (
    FRONT
    + """
# First *scene*

J is {{J}}, then {{J update 2}}; `{{J}}` is code.

```scene
hidden_layers = [2]
position = "update 2, dW1[1, 0]"
locked = ["data", "transport"]
```

```question
text = "Is `m` {{m}}?"
choices = ["yes", "no"]
answer = 1
explanation = "It is {{m}}."
points = 2
predict_first = true
then = "update 3"
```

# Second

The same network: {{scene 1: J update 3}} and {{norm dW2}}.

```scene
hidden_layers = [2]
trained = 4
```
"""
)


@pytest.fixture
def built(tmp_path):
    def make(text):
        path = tmp_path / "lesson.md"
        path.write_text(text, encoding="utf-8")
        return build(path)

    return make


def texts_and_tags(nodes):
    """The texts of nodes, and their tags."""
    if isinstance(nodes, str):
        return [nodes], []
    is_node = len(nodes) > 1 and isinstance(nodes[1], dict)
    parts = [texts_and_tags(node) for node in (nodes[2:] if is_node else nodes)]
    texts, tags = (list(chain(*some)) for some in zip(([], []), *parts, strict=True))
    return texts, [*([nodes[0]] if is_node else []), *tags]


def text_of(nodes):
    return "".join(texts_and_tags(nodes)[0])


def test_a_lesson_has_scenes_with_places_locks_and_questions(built):
    document = built(LESSON)
    first, second = document["scenes"]
    assert document["format"] == FORMAT
    assert (document["title"], document["language"], document["passing_score"]) == ("A lesson", "en", 60)
    assert text_of(first["title"]) == "First scene"
    assert first["place"] == "s=lab&k=2&q=dW1&c=1%2C0"
    assert second["place"] == "s=play&k=5"
    assert first["locked"] == ["data", "transport"]
    assert (first["network"], second["network"], len(document["networks"])) == (0, 0, 1)
    question = first["question"]
    assert (question["answers"], question["points"], question["then"]) == ([0], 2, "s=lab&k=3")
    assert text_of(question["text"]) == "Is m 8?"
    assert text_of(question["explanation"]) == "It is 8."


def test_numbers_of_the_text_are_those_of_the_network(built):
    document = built(LESSON)
    data = document["networks"][0]["data"]
    X, Y = unpacked(data["X"]), unpacked(data["Y"])
    assert X.shape == (2, 8)
    assert Y.sum() == 4  # as many of one class as of the other
    network = Network([2, 2, 1], activation="tanh", initialization="he", seed=1)
    steps = list(network.steps(X, Y, learning_rate=0.1, iterations=5))
    J = [written(step.cost) for step in steps]
    first, second = (text_of(scene["text"]) for scene in document["scenes"])
    assert first == f"J is {J[1]}, then {J[1]}; {{{{J}}}} is code."  # the position is update 2
    norm = written(np.linalg.norm(steps[4].trace()["dW2"].value))
    assert second == f"The same network: {J[2]} and {norm}."
    assert [one["step"] for one in document["networks"][0]["golden"]] == [2, 3, 5]


def test_a_fault_is_in_the_numbers(built):
    right = built(scene("position = 'dW1'"))["networks"][0]
    wrong = built(scene("position = 'dW1'\nfault = 'lost 1/m'"))["networks"][0]
    assert wrong["training"]["beyond"] == ["fault='lost 1/m'"]
    of_both = [unpacked(one["golden"][0]["quantities"]["dW1"]) for one in (right, wrong)]
    np.testing.assert_allclose(8 * of_both[0], of_both[1])
    step = wrong["golden"][0]
    moved = unpacked(step["parameters"]["W1"]) - 0.1 * of_both[1]
    np.testing.assert_array_equal(unpacked(step["after"]["W1"]), moved)


def test_points_and_noise(built):
    points = "```scene\npoints = [[0, 1, 5, 0], [1, 0, 5, 2], [1, 1, 5, 1]]\nactivation = 'relu'\n```\n"
    data = built(f"{FRONT}# T\n{points}")["networks"][0]["data"]
    assert unpacked(data["X"]).tolist() == [[0, 1, 1], [1, 0, 1], [5, 5, 5]]
    assert unpacked(data["Y"]).T.tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    plain, noisy = (
        built(f"{FRONT}# T\n```scene\nnoise = {noise}\n```\n")["networks"][0]["data"] for noise in (0, 0.5)
    )
    moved = unpacked(noisy["X"]) - unpacked(plain["X"])
    assert 0.2 < moved.std() < 0.9


def scene(lines, more=""):
    return f"{FRONT}\n# T\n\n{more}\n\n```scene\n{lines}\n```\n"  # the first key is in line 13


QUESTION = '```question\ntext = "?"\nchoices = ["a", "b"]\nanswer = 1\n{}\n```'  # its last key is in line 14
BROKEN = {
    "no front matter": ("# T\n", 1, "front matter", "Begin with"),
    "front matter without an end": ('+++\ntitle = "T"\n', 1, "front matter", ""),
    "no title": ("+++\n+++\n# T\n", 1, "'title'", ""),
    "a score beyond 100": ('+++\ntitle = "T"\npassing_score = 101\n+++\n', 3, "passing_score must be", ""),
    "a wrong default": (FRONT.replace("examples = 8", "examples = 0"), 5, "examples must be", ""),
    "text before the first scene": (f"{FRONT}\ntext\n", 8, "before the first scene", "# Its title"),
    "no scene": (FRONT, None, "has no scene", "# Its title"),
    "a scene without its block": (f"{FRONT}\n# T\n\ntext\n", 8, "no block ```scene", ""),
    "two blocks": (f"{FRONT}# T\n```scene\n```\n```scene\n```\n", 10, "second block ```scene", ""),
    "TOML that is none": (scene("seed = 1\nseed 2"), 14, "a scene is not TOML (", ""),
    "a key twice": (scene("seed = 1\nseed = 2"), 14, "a scene is not TOML (", ""),
    "TOML that is too deep": (scene(TOML["deep arrays"]), 12, "a scene is not TOML (", ""),
    "an unknown key": (scene("seed = 1\nactivaton = 'relu'"), 14, "'activaton'", "'activation'?"),
    "an unknown data set": (scene("data = 'cirlces'"), 13, "data must be one of", ""),
    "an unknown activation": (scene("seed = 2\nactivation = 'tahn'"), 14, "'tahn'", "'tanh'?"),
    "an unknown fault": (scene("fault = 'lost 1/n'"), 13, "'lost 1/n'", ""),
    "an unknown lock": (scene("locked = ['date']"), 13, "locked must be", ""),
    "infinite": (scene("learning_rate = inf"), 13, "learning_rate must be", ""),
    "points of one class": (scene("points = [[0, 1], [1, 1]]"), 13, "points must be", ""),
    "a position that is none": (scene("position = 'the end'"), 13, "position must be", ""),
    "a quantity that no step computes": (scene("position = 'X'"), 13, "position must be", ""),
    "a quantity of another network": (scene("position = 'dW3'"), 13, "'dW3'", "'dW2'?"),
    "a cell outside": (scene("position = 'dW1[4, 0]'"), 13, "4 rows and 2 columns", ""),
    "an update far away": (scene("position = 'update 5001'"), 13, "at most 5000", ""),
    "an update beyond memory": (
        scene('hidden_layers = [64, 64, 64]\nposition = "update 4000"'), 14,
        "update must be at most 582 for a network of 8,577 parameters", "smaller network",
    ),
    "an update beside trained": (scene("trained = 3\nposition = 'update 3'"), 14, "at update 4", ""),
    "an update after the end": (
        scene("activation = 'identity'\nlearning_rate = 1e6\nhidden_layers = [4, 4]\ntrained = 90"),
        12,
        "at most 5, the last one",
        "lower learning rate",
    ),
    "an unknown number": (scene("", "{{dW9}}"), 10, "'dW9'", ""),
    "an update 0": (scene("", "{{J update 0}}"), 10, "{{…}} must be a quantity, such as", ""),
    "a fence like a block": (scene("", "```Question\nx\n```"), 10, "neither ```scene nor ```question", ""),
    "a matrix for a number": (scene("", "{{dW1}}"), 10, "one number", "norm dW1"),
    "an unknown summary": (scene("", "{{norn dW1}}"), 10, "'norn'", "'norm'?"),
    "a number of a later scene": (scene("", "{{scene 2: J}}"), 10, "from 1 to 1", ""),
    "a link to a file": (scene("", "[a](file.html)"), 10, "a link must be", ""),
    "a picture from elsewhere": (scene("", "![a](https://x.org/a.png)"), 10, "a picture must be", ""),
    "a question without an answer": (
        scene("", '```question\ntext = "?"\nchoices = ["a", "b"]\n```'), 10, "'answer'", "",
    ),
    "an answer that is none": (scene("", QUESTION.replace("= 1", "= 3").format("")), 13, "answer must", ""),
    "a place that is none": (scene("", QUESTION.format("then = 'dW7'")), 14, "'dW7'", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_errors_name_file_line_and_key(built, tmp_path, name):
    text, line, problem, hint = BROKEN[name]
    with pytest.raises(ConfigurationError) as caught:
        built(text)
    message = str(caught.value)
    where = str(tmp_path / "lesson.md") + ("" if line is None else f":{line}")
    assert message.startswith(f"{where}: ")
    assert problem in message
    assert hint in message


def test_hostile_texts_do_not_become_markup(built):
    evil = '<script>alert(1)</script><img src=x onerror="alert(1)"><!-- </title>'
    parts = {"A lesson": evil.replace('"', "'"), "First": evil, "yes": "</script><b>"}
    parts["J is"] = f"{evil} [a](javascript:alert(1)) <div>J is"
    document = built(reduce(lambda text, part: text.replace(*part), parts.items(), LESSON))
    tags = texts_and_tags([scene["text"] for scene in document["scenes"]])[1]
    assert not {"script", "img", "div", "b", "a"} & set(tags)
    assert evil in text_of(document["scenes"][0]["title"])


PNG = b"\x89PNG\r\n"
PICTURES = {  # the name in the lesson, the bytes of the file, and the error
    "dot one.png": (PNG, ""),
    "a.webp": (b"RIFF\n\0\0\0WEBPVP8 ", ""),
    "../outside.png": (PNG, "in the folder of the lesson"),
    "none.png": (None, "does not exist"),
    "large.png": (PNG + bytes(300_000), "has 300,006 bytes, more than the 300,000"),
    "text.png": (b"text", "is not a picture of kind png"),
    "sound.webp": (b"RIFF\n\0\0\0WAVEfmt ", "is not a picture of kind webp"),  # RIFF may be a sound, too
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_one_beside_the_lesson_and_in_its_page(tmp_path, name):
    content, error = PICTURES[name]
    folder = tmp_path / "lesson"
    folder.mkdir()
    path = folder / "lesson.md"
    path.write_text(scene("", f"![a *dot*](<{name}>)"), encoding="utf-8-sig")
    if content is not None:
        (folder / name).write_bytes(content)
    if error:
        with pytest.raises((ConfigurationError, FileError), match=rf"lesson\.md:10.*{error}"):
            build(path)
    else:
        (tag, attributes) = build(path)["scenes"][0]["text"][0][2]
        kind = name.rpartition(".")[2]
        encoded = b64encode(content).decode()
        assert (tag, attributes) == ("img", {"src": f"data:image/{kind};base64,{encoded}", "alt": "a *dot*"})


def test_the_package_is_scorm_1_2(built):
    document = built(LESSON.replace("A lesson", "T < & \\u0007"))
    content = package(document)
    assert content == package(document)
    with ZipFile(BytesIO(content)) as archive:
        assert archive.namelist() == ["imsmanifest.xml", "index.html"]
        assert archive.read("index.html").decode() == html_page(document)
        root = ElementTree.fromstring(archive.read("imsmanifest.xml"))
    names = {
        "": "http://www.imsproject.org/xsd/imscp_rootv1p1p2",
        "adlcp": "http://www.adlnet.org/xsd/adlcp_rootv1p2",
    }
    assert root.findtext("metadata/schemaversion", namespaces=names) == "1.2"
    resource = root.find("resources/resource", names)
    assert resource.get("href") == resource.find("file", names).get("href") == "index.html"
    assert resource.get(f"{{{names['adlcp']}}}scormtype") == "sco"
    item = root.find("organizations/organization/item", names)
    assert item.get("identifierref") == resource.get("identifier")
    assert item.findtext("title", namespaces=names) == "T < & \ufffd"
    assert item.findtext("adlcp:masteryscore", namespaces=names) == "60"
    assert "masteryscore" not in manifest(built(scene("")))
    organizations = root.find("organizations", names)
    assert organizations.get("default") == organizations[0].get("identifier")
