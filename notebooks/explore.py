# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Look at videos
#
# Run the cells below, from JupyterLab or by `facestats lab STORE`. Click a video, press play, drag the slider, click the
# timeline or a row of the table; drag over the timeline to choose a span.

# %% tags=["parameters"]
store = "facestats-out"  # folder that `facestats analyze --out` wrote

# %%
import facestats as fs

explorer = fs.explore(store)
explorer

# %% [markdown]
# **What is chosen**, as tables: the rows clicked in the table (all that fit its filters, if none), within the span.

# %%
explorer.selection.tracks  # once a video is open

# %% [markdown]
# **Keep it**: `explorer.selection.observations.to_csv("chosen.csv")` writes a spreadsheet, `explorer.save_clip("chosen.mp4")`
# cuts the span out of the clip.

# %% [markdown]
# Anything else is pandas: `explorer.selection.observations.faces.plot_timeline()` draws what was chosen, and `.faces.long()`
# is the same as a long table.
