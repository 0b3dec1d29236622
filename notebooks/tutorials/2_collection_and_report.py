# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 2. A collection, and a report on it
#
# One video is a story, many are data. This tutorial analyses a folder of videos into a *store*, asks it questions,
# compares two parts of it and writes reports. The videos are made here and are short, so that it does not take long.
# Everything goes below the folder `facestats-demo`; the second cell empties what an earlier run left there.

# %% tags=["parameters"]
folder = "facestats-demo/collection"  # where everything goes

# %%
import shutil
from pathlib import Path

import pandas as pd

import facestats as fs

pd.set_option("display.precision", 2)
folder = Path(folder)
shutil.rmtree(folder, ignore_errors=True)

# %% [markdown]
# ## Which videos do we have?
#
# Four good ones: two "from spring" show three copies of one portrait, Grace Hopper, and two "from autumn" three copies
# of another, Eileen Collins. So we know exactly who is in them, which is what synthetic videos are for. `facestats
# synth` makes them on the command line.

# %%
from facestats.synth.faces import people
from facestats.synth.scenario import Scenario
from facestats.synth.video import write_video

cast = people(None, 6)  # the two portraits take turns
casts = {"spring-1": cast[::2], "spring-2": cast[::2], "autumn-1": cast[1::2], "autumn-2": cast[1::2]}
size = {"width": 384, "height": 180, "face_px": (36, 52)}
for seed, (name, faces) in enumerate(casts.items()):
    scenario = Scenario(name, people=3, seconds=2, fps=15, seed=seed, **size)
    write_video(scenario, faces, folder / "videos")

# %% [markdown]
# Real folders are never so tidy. So here are two more: a file that is no video at all, and one whose download was cut
# off half way.

# %%
videos = folder / "videos"
whole = (videos / "spring-1.mp4").read_bytes()
(videos / "broken.mp4").write_bytes(b"once upon a time there was a video")
(videos / "cut-off.mp4").write_bytes(whole[: len(whole) // 2])
sorted(path.name for path in videos.glob("*.mp4"))

# %% [markdown]
# ## How do I analyse them all?
#
# With one call, which takes files, folders and patterns such as `"videos/*.mp4"`. Several videos are done side by side.
# The results go into a store: a folder of Parquet files that grows with each run.

# %%
first = fs.analyze_collection(videos, out=folder / "store", progress=False)
store = first.store
f"{len(first.analyzed)} of {len(first.video_ids)} analysed, exit code {first.exit_code}"

# %% [markdown]
# ## What about the files that could not be read?
#
# They did not stop the others. The table of videos says what became of each: `ok`, `partial` (cut off or damaged; what
# could be read is kept) or `failed`, with the reason. A script can look at `exit_code`, which is 3 when something could
# not be read.

# %%
table = store.videos(columns=["path", "status", "n_tracks", "duration_s", "error"])
table["path"] = table["path"].map(lambda path: Path(path).name)
table.style.hide().format(precision=2, na_rep="").set_properties(**{"text-align": "left"})

# %% [markdown]
# Decide what half a file means to you before you count. Here we keep to those that are whole.
#
# Look at `n_tracks` too: each video shows three people. Where there are more tracks, something else was taken for a
# face, or somebody got two tracks. Tutorial 1 shows how to look at the faces themselves.
#
# ## What happens if I run it again?
#
# Nothing is done twice. A video is left alone as long as its content, the options and the models are the same. So the
# call that began the work also goes on with it after a crash or a power cut, and it picks up files that are new.

# %%
again = fs.analyze_collection(videos, out=folder / "store", progress=False)
f"{len(again.analyzed)} of {len(again.video_ids)} analysed, exit code {again.exit_code}"

# %% [markdown]
# What would be done, and why, can be asked beforehand; `facestats analyze --dry-run` prints the same. Suppose we wanted
# to look at every frame:

# %%
from facestats.batch.collection import plan_collection

tasks = plan_collection(videos, out=folder / "store", rate=0)
plan = [(Path(task.item.path).name, task.action, task.reason) for task in tasks]
pd.DataFrame(plan, columns=["file", "action", "why"])

# %% [markdown]
# ## How do I ask the store questions?
#
# Its tables are the ones that tutorial 1 shows, with a `video_id` in every row. Read a table as a DataFrame, and only
# what you need of it:

# %%
columns = ["video_id", "track_id", "face_px", "expression"]
store.tracks(columns=columns, where=[("face_px", ">", 45)])

# %% [markdown]
# Or ask in SQL. The five tables are there by their names; nothing can be changed this way.

# %%
store.sql("""
    select status, count(distinct video_id) as videos, count(track_id) as tracks,
           avg(face_px) as mean_face_px
    from videos left join tracks using (video_id)
    group by status order by status
""")

# %% [markdown]
# ## Who was seen?
#
# Take the tracks of whole videos, and do not simply count their verdicts: a model that confuses two classes shifts the
# counts. `fs.demographics` allows for what the models are known to confuse, and says how sure the shares are.

# %%
whole = "select tracks.* from tracks join videos using (video_id) where status = 'ok'"
shares = fs.demographics(store.sql(whole))
shares[shares["attribute"] != "makeup"]

# %% [markdown]
# `share` is the share among all people like these, between `share_low` and `share_high`; `raw_share` counts the verdicts
# as they are, with "unknown". Of two people there is not much to say, and `in_words` says so. What this rests on comes
# with the table, as a note. In the figure the bar is the share and the line its interval; where that is too wide for a
# bar, words stand there.

# %%
from IPython.display import Markdown

from facestats import plots

plots.corrected_shares(shares, "age")
Markdown("> " + shares.attrs["note"])

# %% [markdown]
# Keep the last half sentence in mind: *each track is another person*. Here it is not true, since there are only two
# portraits. facestats stores no identities, so it cannot know. You may.
#
# ## Do two parts of the collection differ?
#
# Spring against autumn. `fs.compare` sets the shares beside each other and says of each difference what it is at least
# and at most. Only where this range leaves out zero is it called *clear*. Here are the larger differences:

# %%
spring, autumn = (store.sql(f"{whole} and path like '%{name}-%'") for name in ("spring", "autumn"))
compared = fs.compare(spring, autumn)
shown = ["attribute", "class", "first", "second", "difference_low", "difference_high", "clear"]
compared.loc[compared["difference"].abs() > 0.2, shown]

# %%
plots.share_differences(compared, "gender", first="spring", second="autumn");

# %% [markdown]
# Here is the trap of this example. Perceived gender may well be called clearly different, although both portraits are
# of women: the model takes one of them for a man, and it does so in every copy. An interval speaks of chance. It says
# nothing of a model that is wrong about one face again and again, nor of one person who was counted many times. The
# expressions are judged more carefully, by how much whole *videos* differ, and four videos are few.
#
# The same as a page, on the command line:
#
#     facestats report STORE --template compare_report -p first_files "spring-*" -p second_files "autumn-*"
#
# ## How do I show it to others?
#
# `fs.report` writes a page for each video and one for the whole collection. They open in any browser, offline, without
# Python. Beside each page lies the notebook that made it. This takes longer than anything else here. `status` says
# whether the report could be made, also of a video that could not be read.

# %%
reports = fs.report(store, out=folder / "reports", progress=False)
reports

# %% [markdown]
# ## How do I get the numbers into another program?
#
# Write a table as CSV, JSON or Parquet. A store is written piece by piece, so it may be of any size.

# %%
rows = fs.export(store, "tracks", out=folder / "tracks.csv", attributes=["expression"])
rows, pd.read_csv(folder / "tracks.csv").columns[-9:].tolist()

# %% [markdown]
# ## How does it run by itself?
#
# `facestats update` does what you have just done: it analyses what is new and writes anew the reports that this
# touches.
#
#     facestats update videos/ --store my-store --reports reports
#
# Run it every morning at six by
#
#     facestats schedule add --cron "0 6 * * *" -- update videos/ --store my-store --reports reports
#
# `facestats schedule list` shows what is planned, `facestats schedule remove` takes it away, and `facestats status
# my-store` says how far things are and what failed. Two runs never get in each other's way.
#
# Next: tutorial 3 trains a model of your own, and tutorial 4 says how far to trust the numbers.
