"""Tiny data sets in the layouts of the real ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
import scipy.io

CELEBA_NAMES = ("5_o_Clock_Shadow", "Heavy_Makeup", "Male", "Smiling", "Wearing_Lipstick", "Young")


def write_picture(path: Path, shade: int = 90) -> bytes:
    """Write a small picture of the kind that the suffix says, and return what is in the file."""
    picture = np.full((24, 20, 3), shade, np.uint8)
    picture[8:16, 5:15] = 255 - shade
    content = cv2.imencode(path.suffix, picture)[1].tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return content


def write_text(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def replace_once(path: Path, old: str, new: str) -> None:
    """Replace a text that stands in a file once."""
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def pixels(shade: int) -> str:
    """48 x 48 numbers that differ from row to row."""
    return " ".join(str(value) for value in (np.arange(48 * 48) // 48 + shade).tolist())


def make_fer2013(folder: Path) -> None:
    write_text(
        folder / "fer2013.csv",
        "emotion,pixels,Usage",
        *(f"{emotion},{pixels(emotion)},Training" for emotion in range(7)),
        f"3,{pixels(100)},PublicTest",
        f"6,{pixels(200)},PrivateTest",
    )


def make_ferplus(folder: Path) -> None:
    make_fer2013(folder)
    write_text(
        folder / "fer2013new.csv",
        "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF",
        "Training,fer0000000.png,4,0,0,1,3,2,0,0,0,0",
        *(f"Training,fer{number:07d}.png,10,0,0,0,0,0,0,0,0,0" for number in range(1, 6)),
        "Training,,0,0,0,0,0,0,0,0,0,10",
        "PublicTest,fer0000006.png,0,1,1,1,1,1,1,1,2,1",
        "PrivateTest,fer0000007.png,0,0,0,0,0,0,0,0,10,0",
    )


def make_utkface(folder: Path) -> None:
    for name in ("26_1_3_20170117175041574.jpg.chip.jpg", "1_0_4_20161219140530307.jpg", "100_0_0_20170112.jpg"):
        write_picture(folder / name)


def make_fairface(folder: Path) -> None:
    rows = {
        "train": ["1.jpg,50-59,Male,East Asian,True", "2.jpg,more than 70,Female,Latino_Hispanic,False"],
        "val": ["1.jpg,0-2,Female,Middle Eastern,False"],
    }
    for split, lines in rows.items():
        table = folder / f"fairface_label_{split}.csv"
        write_text(table, "file,age,gender,race,service_test", *(f"{split}/{line}" for line in lines))
        for line in lines:
            write_picture(folder / split / line.split(",")[0])


def make_celeba(folder: Path) -> None:
    values = ("-1  1 -1  1  1  1", "-1 -1 -1 -1  1 -1", " 1 -1  1  1 -1  1", "-1  1 -1 -1 -1  1")
    files = [f"{number:06d}.jpg" for number in range(1, 5)]
    rows = [f"{file} {value}" for file, value in zip(files, values, strict=True)]
    write_text(folder / "list_attr_celeba.txt", "4", " ".join(CELEBA_NAMES) + " ", *rows)
    write_text(
        folder / "list_eval_partition.txt", *(f"{file} {split}" for file, split in zip(files, "0012", strict=True))
    )
    for file in files:
        write_picture(folder / "img_align_celeba" / file)


def make_adience(folder: Path) -> None:
    header = "user_id original_image face_id age gender x y dx dy tilt_ang fiducial_yaw_angle fiducial_score"
    faces = {
        0: [("30601258@N03", "10399_o.jpg", "1", "(25, 32)", "f"), ("30601258@N03", "10398_o.jpg", "2", "35", "m")],
        1: [("7153718@N04", "11597_o.jpg", "2282", "None", "m"), ("7153718@N04", "11598_o.jpg", "2283", "(0, 2)", "u")],
        4: [("7153718@N04", "11599_o.jpg", "2284", "(60, 100)", "")],
    }
    for fold, rows in faces.items():
        lines = ["\t".join([*row, *"0123456"]) for row in rows]
        write_text(folder / f"fold_{fold}_data.txt", "\t".join(header.split()), *lines)
        for user, original, face, _, _ in rows:
            write_picture(folder / "faces" / user / f"coarse_tilt_aligned_face.{face}.{original}")


#: Serial numbers of Matlab: 1 January, 1 July and 2 July 1960.
BORN_JANUARY, BORN_1_JULY, BORN_2_JULY = 715876, 716058, 716059


def imdb_entries() -> dict[str, list]:
    """Four entries that can be used: women and a man, and one whose gender is not known."""
    return {
        "dob": [BORN_JANUARY, BORN_1_JULY, BORN_2_JULY, BORN_JANUARY],
        "photo_taken": [1990, 1990, 1990, 1960],
        "full_path": ["01/a_1990.jpg", "01/b_1990.jpg", "02/c_1990.jpg", "02/d_1960.jpg"],
        "gender": [0.0, 0.0, 1.0, np.nan],
        "name": ["A", "B", "C", "D"],
        "face_location": [[1, 1, 20, 24]] * 4,
        "face_score": [3.5, 0.8, 2.0, 1.0],
        "second_face_score": [np.nan] * 4,
    }


def write_matlab(path: Path, entries: Mapping[str, list]) -> None:
    """Write a structure of 1 x N arrays, as Matlab does."""
    arrays = {}
    for name, values in entries.items():
        is_cell = name in ("full_path", "name", "face_location")
        array = np.empty((1, len(values)), object if is_cell else np.float64)
        for place, value in enumerate(values):
            array[0, place] = value
        arrays[name] = array
    path.parent.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(path, {path.stem: arrays}, do_compression=True)


def _make_imdb_wiki(folder: Path, name: str) -> None:
    entries = imdb_entries()
    write_matlab(folder / f"{name}.mat", entries)
    for path in entries["full_path"]:
        write_picture(folder / path)


def make_imdb(folder: Path) -> None:
    _make_imdb_wiki(folder, "imdb")


def make_wiki(folder: Path) -> None:
    _make_imdb_wiki(folder, "wiki")


def imfdb_line(number: str, *attributes: str, actor: str = "Kajol", movie: str = "Baazigar") -> str:
    """Seventeen fields with tabs between them; the attributes are gender, expression, makeup, light, age, pose, ..."""
    fields = [number, f"{movie}_{number}.jpg", f"{actor}_{number}.jpg", "10", "20", "30", "40", movie, "Hindi", actor]
    return "\t".join([*fields, *attributes])


def make_imfdb(folder: Path) -> None:
    movie = folder / "Kajol" / "Baazigar"
    write_text(
        movie / "Baazigar.txt",
        "\ufeff",
        imfdb_line("1", "FEMALE", "HAPPINESS", "PARTIAL MAKEUP", "HIGH", "YOUNG", "FRONTAL", "NONE"),
        "",
        imfdb_line("2", "FEMALE", "SADNESS", "OVER-MAKEUP", "BAD", "MIDDDLE", "LEFT", "GLASSES"),
        imfdb_line("3", "FEMALE", "NEUTRAL", "", "MEDIUM", "CHILD", "UP", "HAIR"),
    )
    for number in "123":
        write_picture(movie / "images" / f"Kajol_{number}.jpg")
    # A line with one field less, and with spaces.
    other = folder / "Mohanlal" / "Chithram"
    write_text(other / "Chithram.txt", "1 Mohanlal_1.jpg 5 6 7 8 Chithram Malayalam Mohanlal MALE FEAR MEDIUM OLD DOWN")
    write_picture(other / "images" / "Mohanlal_1.jpg")


def make_jaffe(folder: Path) -> None:
    for name in ("KA.AN1.39", "KA.DI1.42", "KL.FE3.176", "KM.HA4.7", "KM.NE1.1", "KR.SA3.79", "NA.SU1.208"):
        write_picture(folder / f"{name}.tiff")


#: What makes each layout's data set.
MAKERS: Mapping[str, Callable[[Path], None]] = {
    "fer2013": make_fer2013,
    "ferplus": make_ferplus,
    "utkface": make_utkface,
    "fairface": make_fairface,
    "celeba": make_celeba,
    "adience": make_adience,
    "imdb": make_imdb,
    "wiki": make_wiki,
    "imfdb": make_imfdb,
    "jaffe": make_jaffe,
}
