# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4. How far to trust it
#
# Numbers come easily now. This tutorial is about what they are worth: what a probability means, for whom the models do
# worse, what becomes of small faces, how to count in spite of errors, how well faces are followed, and what not to
# conclude.
#
# All figures are read from the cards of the models that ship, or computed here. Files go below the folder
# `facestats-demo`.

# %% tags=["parameters"]
folder = "facestats-demo/trust"  # where everything goes

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import facestats as fs

pd.set_option("display.precision", 2)
folder = Path(folder)

# %% [markdown]
# ## Can a sure verdict be wrong?
#
# Yes. The two people in this video are Grace Hopper, then in her seventies, and Eileen Collins. Both are women.

# %%
from facestats.synth.demo import render_demo

result = fs.analyze(render_demo(folder).path, progress=False)
result.tracks[["track_id", "gender", "gender_prob", "age_group", "age_group_prob", "age_years_low", "age_years_high"]]

# %%
from io import BytesIO

from PIL import Image

pictures = result.thumbnails.drop_duplicates("track_id")
figure, axes = plt.subplots(1, len(pictures), figsize=(4, 2.2), layout="constrained")
for ax, picture in zip(axes, pictures.itertuples()):
    ax.imshow(Image.open(BytesIO(picture.image)))
    ax.set_title(f"track {picture.track_id}", fontsize=9)
    ax.axis("off")

# %% [markdown]
# A probability near one is no proof. Of many such verdicts a few are wrong, and nothing in the table says which. The
# errors are not spread evenly either. Perhaps old women in uniform caps were rare among the pictures that this model
# learned from.
#
# ## When does a model say "unknown"?
#
# When the probability of its best answer stays below a threshold, which stands in its card. The threshold was set so
# that most faces get a verdict. The other figures were measured on faces of the validation data that had no part in the
# training, nor in the fitting of the threshold (*held-out*):

# %%
from facestats.models.registry import choose_models

models = choose_models({})  # the models that an analysis uses, by attribute
cards = {attribute: model.card for attribute, model in models.items()}
held_out = pd.DataFrame({name: card.metrics["held_out_half"][name] for name, card in cards.items()}).T
thresholds = {head.attribute: head.threshold for card in cards.values() for head in card.heads}
figures = held_out[["accuracy", "coverage", "covered_accuracy"]].astype(float).assign(threshold=thresholds)
figures.assign(faces=held_out["n_exact"].fillna(held_out["n"]).astype(int))  # of age, those with an exact one

# %% [markdown]
# `accuracy` counts every face, `coverage` is the share that gets a verdict, and `covered_accuracy` says how many of
# these verdicts are right. A stricter threshold means fewer verdicts and more of them right. Each curve goes from all
# faces (on the right) to about half of them:

# %%
figure, ax = plt.subplots(figsize=(6, 3.2), layout="constrained")
for attribute, card in cards.items():
    curve = pd.DataFrame(card.metrics["coverage_curve"][attribute])
    ax.plot(curve["coverage"], curve["accuracy"], marker="o", label=attribute)
ax.set(xlabel="share of faces with a verdict", ylabel="of these right", ylim=(0.5, 1.02))
ax.legend(frameon=False, loc="lower left");

# %% [markdown]
# You may be stricter than the card after the fact, since the probabilities are all there. Here only verdicts of at
# least 0.97 are kept:

# %%
tracks = result.tracks
strict = tracks["gender"].where(tracks["gender_prob"] >= 0.97, "unknown")
pd.DataFrame({"track_id": tracks["track_id"], "as it is": tracks["gender"], "at least 0.97": strict})

# %% [markdown]
# ## What does 0.8 mean?
#
# That of many verdicts with a probability of 0.8, about eight in ten are right. A model for which this holds is called
# *calibrated*. It says nothing of a single face, and it holds only for faces like those that it was measured on. The
# *expected calibration error* (`ece`) says how far the stated probability is from how often the model is right, on
# average:

# %%
held_out[["ece"]].astype(float)

# %% [markdown]
# The curves above let us look closer. They say how many verdicts are right above each of several thresholds, so they
# also say how many are right *between* two of them. Each dot is one such band. On the dotted line, as many are right as
# was stated.

# %%
figure, ax = plt.subplots(figsize=(4.5, 4), layout="constrained")
for attribute, card in cards.items():
    curve = pd.DataFrame(card.metrics["coverage_curve"][attribute])
    curve.loc[len(curve)] = {"threshold": 1.0, "coverage": 0.0, "accuracy": 0.0}
    right = (curve["coverage"] * curve["accuracy"]).diff() / curve["coverage"].diff()
    ax.plot(curve["threshold"].rolling(2).mean(), right, "o", label=attribute)
ax.plot([0, 1], [0, 1], color="grey", linestyle=":")
ax.set(xlabel="stated probability (middle of the band)", ylabel="share that is right")
ax.legend(frameon=False);

# %% [markdown]
# ## What becomes of small faces?
#
# Fewer pixels show less, and more faces become "unknown". But what is stated should stay honest, so the models were
# calibrated on faces made small, too. Left: the share of faces with a verdict. Right: for each size, how often the
# model is right against the probability that it states; on the dotted line they agree.

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
for attribute, card in cards.items():
    small = pd.DataFrame(card.metrics["when_small"][attribute])
    left.plot(small["pixels"] / 1.4, small["coverage"], marker="o", label=attribute)  # a cut-out is 1.4 faces wide
    right.scatter(small["confidence"], small["accuracy"], s=2 * small["pixels"], label=attribute)
left.set(xlabel="width of the face (px)", ylabel="share with a verdict", ylim=(0.5, 1))
right.plot([0.5, 1], [0.5, 1], color="grey", linestyle=":")
right.set(xlabel="stated probability, on average", ylabel="share that is right")
right.legend(frameon=False);

# %% [markdown]
# Larger dots are larger faces. So a table with many small faces has more "unknown" in it, and that is not a fact about
# the people. Compare like with like: look at `face_px` before you compare two collections.
#
# ## For whom do the models do worse?
#
# The data sets name groups of people, and the cards keep the accuracy in each. Labels of race were read for these
# figures alone; no model predicts race. `gap` is how far the worst group is behind the best, of those large enough to
# compare:

# %%
gaps = {
    name: {column: groups["gap"] for column, groups in card.metrics["validation"][name]["groups"].items()}
    for name, card in cards.items()
}
pd.DataFrame(gaps).T.astype(float).style.format("{:.2f}", na_rep="")

# %% [markdown]
# An empty place means that the labels do not tell: of expression, nothing is known by group, which is not good news.
# For perceived gender by age group, and for age by race:

# %%
shown = ["n", "accuracy", "coverage", "covered_accuracy"]
validation = {name: card.metrics["validation"][name]["groups"] for name, card in cards.items()}
pd.concat({
    "gender, by age group": pd.DataFrame(validation["gender"]["age_group"]["groups"]).T,
    "age group, by race": pd.DataFrame(validation["age"]["race"]["groups"]).T,
}).astype({"n": int})[shown]

# %% [markdown]
# And by all of them together, the worst groups of at least fifty faces:

# %%
together = pd.concat({
    name: pd.DataFrame(validation[name]["race, gender, age_group"]["groups"]).T for name in ("gender", "age")
}, names=["attribute", "group"])
together[together["n"] >= 50].nsmallest(8, "accuracy").astype({"n": int}).reset_index()

# %% [markdown]
# If your collection is full of such people, the figures for everybody do not describe it. The one remedy is to label a
# sample of your own faces and measure (`facestats evaluate`).
#
# Of the expressions, which are taken for which? Each row is what people called the face, and what share of these faces
# the model calls what:

# %%
expression = cards["expression"].metrics["validation"]["expression"]["confusion"]
counts = pd.DataFrame(expression["matrix"], index=expression["classes"], columns=expression["classes"])
counts.div(counts.sum(axis=1), axis=0).style.format("{:.0%}").background_gradient(cmap="Blues", vmin=0, vmax=1)

# %% [markdown]
# ## How can I count in spite of errors?
#
# If it is known how often a model takes one class for another, shares can allow for that. That is what `fs.demographics`
# does. To see whether it works we need a collection of which the truth is known, so we draw one: many collections of
# 300 people, seven in ten of them women, with verdicts that go wrong just as often as the card says.

# %%
verdicts = cards["gender"].metrics["validation"]["gender"]["verdicts"]
said = pd.DataFrame(verdicts["matrix"], index=["female", "male"], columns=verdicts["classes"])
said = said.div(said.sum(axis=1), axis=0)  # what is said of whom, in shares
truth = 0.7
expected = truth * said.loc["female"] + (1 - truth) * said.loc["male"]
pd.concat([said, expected.to_frame("seven women, three men").T])

# %%
rng = np.random.default_rng(0)
seen = {"duration_s": 1.0, "seen_s": 1.0}
found = pd.DataFrame([
    fs.demographics(
        pd.DataFrame({"gender": rng.choice(expected.index, 300, p=expected), **seen}), attributes=["gender"]
    ).iloc[0]
    for _ in range(50)
])
found["holds the truth"] = found["share_low"].le(truth) & found["share_high"].ge(truth)

# %%
figure, ax = plt.subplots(figsize=(8, 3), layout="constrained")
place = np.arange(len(found))
ax.vlines(place, found["share_low"], found["share_high"], color=np.where(found["holds the truth"], "C0", "C3"))
ax.plot(place, found["share"], "o", markersize=4, label="share")
ax.plot(place, found["raw_share"], "x", color="grey", markersize=4, label="raw")
ax.axhline(truth, color="black", linestyle=":", label="truth")
ax.set(xlabel="collection", ylabel="share of women", xticks=[])
ax.legend(frameon=False, ncols=3, loc="lower right", bbox_to_anchor=(1, 1));

# %%
f"{found['holds the truth'].sum()} of {len(found)} intervals hold the truth"

# %% [markdown]
# The raw share of "female" is too low, since some are called unknown and some male. The others scatter around the truth,
# and at least nine in ten of the intervals should hold it: that is what *90 % interval* means. Here it is more, since they
# are made for models that may err otherwise than the card says, and here they do not.
#
# ## And if the people are not like those of the card?
#
# Then what is known of the errors is wrong. Let all people be children, whose gender the model tells worst (we
# take girls and boys to be told alike), and let there be many more of them, so that chance plays hardly any part:

# %%
children = validation["gender"]["age_group"]["groups"]["child"]
right, told = children["covered_accuracy"], children["coverage"]
female = told * (truth * right + (1 - truth) * (1 - right))
chances = [female, told - female, 1 - told]
gender = rng.choice(["female", "male", "unknown"], 20_000, p=chances)
shares = fs.demographics(pd.DataFrame({"gender": gender, **seen}), attributes=["gender"])
shares.iloc[:2][["class", "share", "share_low", "share_high"]].assign(truth=[truth, 1 - truth])

# %% [markdown]
# The interval is wide, though there are 20,000 people, and says what is known: about half are unknown, which is
# another kind of people than the card speaks of. **More people make an interval narrower only as far as the model can be
# trusted.** How far that is was learned from a few other collections. A model that is much worse on your people than on
# all of these may still mislead, and so does one person who has many tracks.
#
# ## How well are faces followed?
#
# If two people are taken for one, or one for two, all that is counted by track is wrong. To measure it we need the
# truth about every box, and a synthetic video has it. In this one, four people cross, walk behind pillars, leave and
# come back.

# %%
from facestats.synth.faces import people
from facestats.synth.scenario import Scenario
from facestats.synth.video import write_video

crowd = Scenario("crowd", people=4, seconds=6, crossings=True, occluders=2, leaving=True, seed=3)
made = write_video(crowd, people(None, 4), folder)
made.truth.head(4)

# %% [markdown]
# Score two trackers against it: the one that is used unless you say otherwise, and a simple one that only looks for the
# nearest centre. `facestats evaluate tracking` does this for a video in a store.

# %%
from facestats.evaluation.tracking import score_tracking

trackers = ("bytetrack", "centroid")
tracked = {name: fs.analyze(made.path, tracker=name, progress=False) for name in trackers}
scores = pd.DataFrame([
    score_tracking(made.truth, found.observations, found.frames, min_face=12, frame_size=(640, 360))
    for found in tracked.values()
], index=trackers)
scores[["n_people", "n_tracks", "id_switches", "recall", "precision", "idf1", "hota", "covered_by_one_id"]]

# %% [markdown]
# - `recall`: share of the true faces that were found; `precision`: share of the found ones that are true;
# - `id_switches`: how often a person's track changed its number;
# - `idf1` and `hota`: how well finding and keeping the number worked together, 1 being perfect;
# - `covered_by_one_id`: share of the true faces that their person's main track found.
#
# Person by person, with the default tracker:

# %%
pd.DataFrame(scores.loc["bytetrack", "people"]).set_index("person")

# %% [markdown]
# Where there are more tracks than people, an average over tracks counts somebody twice, or counts what is no face. In
# your own results, `joined_prob` says how sure it is that a track which was lost and found again is one person, and
# short tracks of small faces deserve a look:

# %%
shown = ["track_id", "start_s", "end_s", "seen_s", "face_px", "joined_prob", "gender", "gender_prob"]
tracked["bytetrack"].tracks[shown]

# %% [markdown]
# Then watch the clip, which shows the number of each track. It is the quickest way to find out what went wrong.

# %%
from IPython.display import Video

clip = fs.analyze(made.path, clip=folder / "crowd-annotated.mp4", progress=False).clip
Video(str(clip), embed=True, width=640)

# %% [markdown]
# ## What must I not conclude?
#
# - **What somebody feels.** An expression is what a face looks like to others, not what a person feels.
# - **Who somebody is.** Gender is *perceived* gender as annotators labelled it; it says nothing of how people see
#   themselves. Ages are ages that faces show. facestats knows no identities.
# - **Anything about one person.** The figures are made for shares among many. Do not judge, select or watch
#   individuals.
# - **That a difference is real because an interval is narrow.** First ask whether faces are as large, as sharp, as
#   frontal and of like people on both sides, and whether the same people are counted again and again.
# - **That "unknown" can be left out of a report.** Say how many there were.
# - **That these figures hold for you.** They were measured on photographs of public data sets, not on your videos.
#   Label a few hundred faces of your own, measure, and report that.
