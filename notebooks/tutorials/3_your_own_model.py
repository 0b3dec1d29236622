# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 3. A model of your own
#
# The models that ship are general. You may have better data for your question: faces labelled by your own team, in your
# own kind of video. This tutorial goes all the way from labelled pictures to a model at work. It does so with a hundred
# tiny pictures and a tiny network, so that it takes seconds. **Such a model is good for nothing but learning the
# steps**, and the end shows how badly it can go wrong.
#
# Everything goes below the folder `facestats-demo`; the second cell empties what an earlier run left there.

# %% tags=["parameters"]
folder = "facestats-demo/own-model"  # where everything goes

# %%
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd

folder = Path(folder)
shutil.rmtree(folder, ignore_errors=True)
os.environ["FACESTATS_CACHE"] = str(folder / "cache")  # else in your home: faces once cut are kept

# %% [markdown]
# ## Where do labelled pictures come from?
#
# From people who look at them, usually, and that is where most of your effort should go. Here we cheat so that the
# labels are exact: scikit-image brings a hundred small grey faces, and we paint some of them ourselves. Every third
# face stays as it is ("none"), every third is painted a little ("partial"), every third more ("over"). How much varies
# by chance, so that some are hard to tell, as in life.

# %%
from skimage.data import lfw_subset

grey = 255 * lfw_subset()[:100]
makeup = np.array(["none", "partial", "over"] * 34)[:100]
strength = np.array([0, 0.3, 0.6] * 34)[:100] + np.random.default_rng(0).normal(0, 0.12, 100)
y, x = np.mgrid[:25, :25] - 12
lips = np.exp(-(((y - 7.5) / 2) ** 2) - (x / 4) ** 2)
eyes = np.exp(-(((y + 4) / 2) ** 2) - ((abs(x) - 5) / 3) ** 2)
paint = strength[:, None, None, None] * (lips + eyes)[..., None] * [1, -0.6, -0.2]
faces = np.clip(grey[..., None] * (1 + paint), 0, 255).astype(np.uint8)

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(1, 9, figsize=(9, 1.4), layout="constrained")
for ax, face, label in zip(axes, faces, makeup):
    ax.imshow(face)
    ax.set_title(label, fontsize=9)
    ax.axis("off")

# %% [markdown]
# ## What must a training file look like?
#
# One Parquet file, one row a picture: `image` (an encoded picture of any size), the label, and, where you have them,
# `name`, `split` and `source`. Rows whose `split` is "validation" are never learned from. **No person may be in both
# splits**, or you measure how well the model remembers faces. (Who these hundred people are we do not know, so here a
# few may be.) From well-known data sets `facestats dataset` makes such a file.

# %%
import cv2

large = [cv2.resize(face[..., ::-1], (100, 100), interpolation=cv2.INTER_CUBIC) for face in faces]
images = [cv2.imencode(".png", picture)[1].tobytes() for picture in large]  # OpenCV wants blue first
table = pd.DataFrame({"image": images, "makeup": makeup, "source": "painted faces"})
table["name"] = [f"face {number}" for number in range(100)]
table["split"] = np.where(np.arange(100) < 60, "train", "validation")
folder.mkdir(parents=True)
data = folder / "painted.parquet"
table.to_parquet(data)

# %%
table.pivot_table(index="split", columns="makeup", values="name", aggfunc="count")

# %% [markdown]
# ## What says how to train?
#
# A *recipe*: a small file with everything, besides the data, that decides what comes out. `recipes/` holds those of the
# models that ship. What you leave out has a sensible default.

# %%
(folder / "painted.toml").write_text("""
attributes = ["makeup"]
network = "mini_xception"
epochs = 20
batch_size = 16
learning_rate = 3e-3
mixup = 0.0
bfloat16 = false
""");

# %% [markdown]
# ## How do I train?
#
# With one call, or on the command line:
#
#     facestats train painted.toml --data painted.parquet --out my-models/painted
#
# Each picture goes the way of a video frame: the face is looked for and cut out upright, so that the model learns from
# just what it will see later. After the last epoch the probabilities are *calibrated* on one half of the validation
# rows and checked on the other. PyTorch is told to use one thread: so small a network gains nothing from two, and on a
# busy computer they wait for each other most of the time. Leave that line out for a real training.

# %%
import torch

from facestats.training.recipes import find_recipe
from facestats.training.run import train_model

torch.set_num_threads(1)
recipe = find_recipe(str(folder / "painted.toml"))
command = "facestats train painted.toml --data painted.parquet"  # for the card: how to make it again
model = train_model(recipe, [data], folder / "models" / "painted", command=command)
sorted(path.name for path in model.folder.iterdir())

# %% [markdown]
# ## Did it learn anything?
#
# `curves.csv` has one row an epoch. The loss on training data falls in any case; look at that on the validation data.
# With so few pictures it jumps about.

# %%
curves = pd.read_csv(model.folder / "curves.csv", index_col="epoch")
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 2.8), layout="constrained")
curves[["training_loss", "validation_loss"]].plot(ax=left, ylim=(0, 2), ylabel="loss")
curves["validation_accuracy"].plot(ax=right, ylim=(0, 1), ylabel="validation accuracy")
right.axhline(1 / 3, color="grey", linestyle=":");

# %% [markdown]
# The dotted line is what guessing would give.
#
# ## How good is it?
#
# `evaluate` runs a model over labelled faces; `facestats evaluate makeup` does so on the command line. Put the model
# that ships beside it: which of the two is better *on these pictures*?

# %%
from facestats.evaluation.accuracy import evaluate
from facestats.models.registry import find_models
from facestats.datasets.faces import load_faces

scores = {}
for each in (model, find_models()["people"]):
    held_out = load_faces(data, "makeup", "validation", size=each.card.input_size)
    scores[each.name] = evaluate(each, held_out)
figures = ["accuracy", "balanced_accuracy", "ece", "coverage", "covered_accuracy"]
pd.DataFrame(scores).loc[figures].astype(float).round(2)

# %% [markdown]
# `ece` is the calibration error: how far, on average, the stated probability is from how often the model is right.
# `coverage` is the share of faces that get a verdict, the rest being "unknown", and `covered_accuracy` says how many of
# these verdicts are right. What does our model confuse with what?

# %%
confusion = scores[model.name]["verdicts"]
labelled = confusion["classes"][:-1]  # nobody is labelled unknown
pd.DataFrame(confusion["matrix"], index=pd.Index(labelled, name="labelled"), columns=confusion["classes"])

# %% [markdown]
# ## Can its probabilities be believed?
#
# Sort the faces by the probability that the model states, and count how often it was right. In a calibrated model the
# two columns agree. A few faces in each row prove nothing, of course: see how many there are.

# %%
from facestats.classify.onnx import OnnxClassifier

seen = load_faces(data, "makeup", "validation", size=model.card.input_size)
answers = OnnxClassifier(model).classify(seen.crops, seen.pixels)["makeup"]
stated = pd.Series(answers.probabilities.max(axis=1), name="stated")
chosen = np.array(answers.classes)[answers.probabilities.argmax(axis=1)]
checked = pd.DataFrame({"stated": stated, "right": chosen == seen.table["makeup"]})
groups = checked.groupby(pd.cut(stated, [0, 0.6, 0.8, 0.95, 1]), observed=True)
groups.agg(faces=("right", "size"), stated=("stated", "mean"), right=("right", "mean")).round(2)

# %% [markdown]
# ## What does its card say?
#
# Every model carries a card: `card.json` for programs, `card.md` for people. It is written by the training, and says
# what the model learned from, on what terms, how well it does and where it fails. **Read it, and complete it**: what it
# says of terms and limits is what facestats knows, and you know your data better.

# %%
from IPython.display import Markdown

card = (model.folder / "card.md").read_text()
start, end = card.index("## Makeup"), card.index("What other thresholds")
Markdown(card[start:end].replace("## ", "#### "))

# %% [markdown]
# Compare the two columns. The first counts all validation faces, those included on which the calibration was fitted;
# the second only those that had no part in anything.
#
# ## How do I use it?
#
# Name its folder with `models_path`. A model of yours then speaks for its attribute, and the models that ship for the
# others. `models` chooses by name, and `"none"` leaves an attribute out. On the command line:
#
#     facestats analyze VIDEO --models-path my-models --model makeup=painted --model age=none

# %%
import facestats as fs
from facestats.synth.demo import render_demo

demo = render_demo(folder)
others = {"gender": "none", "age": "none", "expression": "none"}
chosen = {"painted": {"makeup": "painted", **others}, "people": {"makeup": "people", **others}}
results = {
    name: fs.analyze(demo.path, models_path=folder / "models", models=models, progress=False)
    for name, models in chosen.items()
}

# %%
verdicts = [result.tracks.set_index("track_id")[["makeup", "makeup_prob"]] for result in results.values()]
pd.concat(verdicts, axis=1, keys=results).round(3)

# %% [markdown]
# ## What have we learned?
#
# Two things, and the second matters more.
#
# First, the steps: label, split, train, evaluate, read the card, plug it in.
#
# Second, that a good figure can mean nothing. On its own validation pictures our model looks useful. But all it has
# ever seen is grey faces with a red tint: what it has learned is *red*, and the faces in a real video are of a natural
# colour. So it may find makeup on a bare face there, and be very sure of it. Calibration did not help, because
# calibration too holds only for pictures like those that it was fitted on.
#
# So, for a model that you mean to use:
#
# - label thousands of faces, of many people, from **videos like those that you will analyse**;
# - keep some of these videos apart, and measure on them, once, at the end;
# - measure by groups of people too (`source`, `gender`, `race`, age): tutorial 4 shows why;
# - start from a model that ships (`facestats train ... --start models/people`, for the same kind of network) rather
#   than from nothing.
