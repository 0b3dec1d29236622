# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 1. Your first video
#
# This tutorial goes from a video file to tables that you can work with in pandas. The video is made here, so you need
# neither a file nor the internet. Run the cells one after another. What they write goes below the folder
# `facestats-demo`, beside this notebook; you may delete it at any time.

# %% tags=["parameters"]
folder = "facestats-demo/first-video"  # where everything goes

# %%
from io import BytesIO
from itertools import islice
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from PIL import Image

pd.set_option("display.precision", 2)
folder = Path(folder)

# %% [markdown]
# ## What do we look at?
#
# A short video of two people in a room. They walk towards each other, one passes in front of the other, one leaves and
# comes back. Both are portraits in the public domain that come with Python libraries: Grace Hopper and Eileen Collins.
# With a video of your own, leave this cell out and write its path below.

# %%
from facestats.synth.demo import render_demo

demo = render_demo(folder)
demo.path

# %% [markdown]
# ## How do I analyse a video?
#
# With one call. It looks for faces ten times a second, follows each of them, and asks the models what they show. `clip`
# also writes a copy of the video with boxes and labels drawn into it. Without `progress=False` you see a progress bar.

# %%
import facestats as fs

result = fs.analyze(demo.path, clip=folder / "annotated.mp4", progress=False)
result.status

# %% [markdown]
# ## What do I get?
#
# Five tables, all plain pandas DataFrames. They go from coarse to fine:
#
# - `videos`: one row for the video: how long it is, whether it could be read to its end;
# - `frames`: one row for each moment at which faces were looked for, also where there was none;
# - `observations`: one row for each face in each such moment: where it is, and all probabilities;
# - `tracks`: one row for each face that was followed over time: from when to when, and what the models conclude;
# - `thumbnails`: up to three small pictures of each track.

# %%
tables = {name: getattr(result, name) for name in ("videos", "frames", "observations", "tracks", "thumbnails")}
pd.DataFrame({name: table.shape for name, table in tables.items()}, index=["rows", "columns"]).T

# %% [markdown]
# The table of tracks is where most questions begin. A *track* is a face that was followed, not a person whose name is
# known: who leaves for long and comes back may get a second one.

# %%
result.tracks[["track_id", "start_s", "end_s", "gender", "gender_prob", "age_group", "age_years", "expression"]]

# %% [markdown]
# Look at the first row, and then at the pictures further down. Grace Hopper was a woman. The model says what it takes
# the face for, and how sure it is; it can be sure and wrong. Tutorial 4 is about that.
#
# ## What does a column mean?
#
# Every column has a line that says its meaning and its unit. Probabilities and shares run from 0 to 1, times are
# seconds, lengths are pixels.

# %%
from facestats.tables import schema

meanings = pd.DataFrame(schema.columns("tracks"))[["name", "meaning"]]
meanings.head(12).style.hide().set_properties(**{"text-align": "left"})

# %% [markdown]
# The observations behind a track hold the box of the face and the probability of every class. A few of their columns:

# %%
shown = ["time_s", "track_id", "x", "y", "w", "h", "score", "gender_female", "gender_male", "expression_happiness"]
result.observations[shown].head()

# %% [markdown]
# ## What time is it in the video?
#
# `time_s` is what the file itself says about when a frame is shown: its *presentation timestamp*. It is not the number
# of the frame divided by the frame rate. Many files are not even: telephones and screen recorders skip frames, and then
# the division is wrong. To see it, here is a video that stands still for half a second after every 25 frames.

# %%
from facestats.synth.demo import demo_scene
from facestats.synth.scene import render
from facestats.video import ClipWriter

with ClipWriter(folder / "uneven.mp4", width=640, height=360) as clip:
    for frame, _ in islice(render(demo_scene()), 100):
        clip.write(frame.rgb, frame.time_s + frame.index // 25 * 0.5)

# %%
uneven = fs.analyze(folder / "uneven.mp4", rate=0, progress=False)  # 0: look at every frame
frames = uneven.frames.assign(divided=uneven.frames["frame"] / uneven.videos["fps"].item())
ax = frames.plot(x="frame", y=["time_s", "divided"], figsize=(7, 3), ylabel="seconds")
ax.legend(["time_s, as the file says", "frame number / frame rate"], frameon=False);

# %% [markdown]
# The two lines part, because no single frame rate describes such a file. All tables and plots of facestats use the
# first.
#
# ## What is the difference between "unknown" and a missing value?
#
# - **Missing** (`NaN`) means *not measured*. Gender, age and makeup do not change from moment to moment, so they are
#   not measured in every sampled frame; `every_sample=True` does that.
# - **"unknown"** means *measured, but not sure enough* for a verdict. It is an answer, and it should be counted as one.
#
# How many of the observations have a value at all?

# %%
measured = result.observations[["expression_neutral", "gender_female", "age_years", "makeup_none"]].notna()
measured.agg(["sum", "mean"]).T.rename(columns={"sum": "observations", "mean": "share of all"})

# %% [markdown]
# And what are the verdicts, with their probabilities? Where a verdict is "unknown", its probability still stands beside
# it: that of the class which came closest.

# %%
verdicts = ["gender", "gender_prob", "age_group", "age_group_prob", "makeup", "makeup_prob"]
result.tracks.set_index("track_id")[verdicts]

# %% [markdown]
# ## Who was there, and when?
#
# Each row of this plot is one face. The colour is the expression that was most likely; where the row is empty, the face
# was out of sight.

# %%
from facestats import plots

plots.track_overview(result);

# %% [markdown]
# The table of frames knows how many faces there were at each moment, and where there were fewer.

# %%
plots.face_count(result.frames);

# %% [markdown]
# ## What does one face show over time?
#
# Choose a track by its number. Every plot takes `ax=`, so that it fits into a figure of yours. The upper plot shows the
# probabilities of the seven expressions, smoothed a little; the lower one is plain pandas: the size of the face.

# %%
track_id = int(result.tracks.nlargest(1, "n_observations")["track_id"].item())
one = result.observations[result.observations["track_id"] == track_id]
figure, (above, below) = plt.subplots(2, figsize=(8, 5), sharex=True, layout="constrained")
plots.expression_timeline(one, smooth_s=0.5, ax=above)
below.plot(one["time_s"], one["face_px"])
below.set(xlabel="time in the video", ylabel="face size (px)");

# %% [markdown]
# For figures of your own, `fs.timeline` gives the same as a table: one row for each face and span of time.

# %%
timeline = fs.timeline(result, every=2.0)
timeline.pivot(index="time_s", columns="track_id", values="expression").fillna("")

# %% [markdown]
# ## Are these the right faces?
#
# Look before you count. The thumbnails are small pictures in the table itself, encoded as WebP.

# %%
figure, axes = plt.subplots(1, len(result.thumbnails), figsize=(8, 2.2), layout="constrained")
for ax, picture in zip(axes, result.thumbnails.itertuples()):
    ax.imshow(Image.open(BytesIO(picture.image)))
    ax.set_title(f"track {picture.track_id}, {picture.time_s:.1f} s", fontsize=9)
    ax.axis("off")

# %% [markdown]
# ## What did facestats see?
#
# The annotated clip shows every box and label where it was found. Press play.

# %%
from IPython.display import Video

Video(str(result.clip), embed=True, width=640)

# %% [markdown]
# ## How do I take it elsewhere?
#
# As CSV, with the columns always in the same order and numbers rounded to what they are worth.

# %%
from facestats.store.export import export_table

for name in ("videos", "frames", "observations", "tracks"):
    export_table(tables[name], name, format="csv", out=folder / f"{name}.csv")
pd.read_csv(folder / "tracks.csv").iloc[:, :8]

# %% [markdown]
# ## What next?
#
# - `fs.explore(result)` opens the same result in the notebook, to look through with the mouse instead of with code.
# - Tutorial 2 does this for many videos, and writes reports.
# - Tutorial 3 trains a model of your own.
# - Tutorial 4 says how far to trust what you have just seen. Read it before you publish a number.
