# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # facestats in ten cells
#
# A short sample video, its faces as tables, and plots of them. Run the cells one after another; it takes about a
# minute.

# %%
from pathlib import Path

import facestats as fs
from facestats import plots
from facestats.synth.demo import render_demo
from facestats.store.export import export_table

demo = render_demo(Path("facestats-demo"))
demo.path

# %% [markdown]
# **Analyse it.** One call finds, follows and classifies the faces, and draws the annotated clip.

# %%
result = fs.analyze(demo.path, clip="facestats-demo/annotated.mp4")
result.videos.T

# %% [markdown]
# **The tracks.** One row for each face that was followed. `unknown` means measured and not sure enough; a missing value
# means not measured. Gender is perceived gender, as the training data labelled it.

# %%
result.tracks[["track_id", "start_s", "end_s", "gender", "gender_prob", "age_group", "age_years", "expression"]]

# %% [markdown]
# **The observations** behind them: one row for each face in each sampled frame, with its box and all probabilities.

# %%
result.observations.head()

# %% [markdown]
# **The whole video at a glance**, on its own clock.

# %%
plots.track_overview(result);

# %% [markdown]
# **One face over time.** Every plot takes `ax=` and returns the Axes, so that it fits into a figure of yours.

# %%
longest = result.tracks.nlargest(1, "duration_s")["track_id"].item()
plots.expression_timeline(result.observations, track_id=longest, smooth_s=0.5);

# %% [markdown]
# **Who was seen.**

# %%
plots.verdict_counts(result.tracks, "age");

# %% [markdown]
# **The faces themselves**: one to three small pictures of each track are kept.

# %%
from io import BytesIO

from PIL import Image

for picture in result.thumbnails.drop_duplicates("track_id").itertuples():
    display(f"face {picture.track_id} at {picture.time_s:.1f} s", Image.open(BytesIO(picture.image)))

# %% [markdown]
# **The annotated clip.** Press play.

# %%
from IPython.display import Video

Video(str(result.clip), embed=True)

# %% [markdown]
# **Many videos** go into a store, which keeps all tables; `fs.report` makes pages of it that anybody can
# open. A table goes into a spreadsheet as CSV.

# %%
collection = fs.analyze_collection([demo.path], out="facestats-demo/store")
export_table(result.tracks, "tracks", format="csv", out=Path("facestats-demo/tracks.csv"))
fs.report(collection.store, out="facestats-demo/reports")
