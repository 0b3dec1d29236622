# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] tags=["notebook-only"]
# # Report on one video
#
# Run it with the parameters below, from JupyterLab or from a shell:
#
#     papermill video_report.ipynb out.ipynb -p video clip.mp4
#     facestats report STORE --out reports
#
# The first analyses the video and draws its annotated clip; the second makes this notebook for every video of a store,
# and pages without code besides.

# %% tags=["parameters"]
store = ""  # folder that `facestats analyze --out` wrote; empty: analyse the video below first
video = ""  # with a store: a video_id or file name, empty for the only one; without: a file or URL
out = "facestats-out"  # the store that a video analysed here goes into
title = ""  # of the page; empty: the file's name
smooth_s = 0.5  # width of the moving average in the timelines, in seconds, [0, inf); 0 for none
max_timelines = 12  # if there are more faces, the timelines of the longest are drawn, [0, inf)
max_evidence = 24  # doubtful faces shown with a cut of the video, [0, inf); 0 for no cuts at all
page_folder = ""  # where the page and the clips beside it will lie; empty: here, and the clips in the store
page_name = ""  # of the page, without suffix; empty: the video_id
linked = False  # whether the page of the whole collection lies beside this one

# %%
from facestats.reports import demographics, evidence, glance, people, provenance
from facestats.reports import video as section
from facestats.reports.analysis import analyze_first
from facestats.reports.data import load_video

store, video = analyze_first(store, video, out=out)
data = load_video(store, video, page_folder=page_folder, page_name=page_name, linked=linked)
section.headline(data, title=title)

# %%
glance.glance(data)

# %%
section.overview(data, smooth_s=smooth_s)

# %% [markdown]
# ## Doubts

# %%
glance.doubts(data)

# %% [markdown]
# ## Who was seen

# %%
people.who(data)

# %%
demographics.composition(data)

# %% [markdown]
# ## Face by face
#
# The bar beside a verdict is its probability, for the expression its expected share of the time: the mean of its
# probabilities over time. The coloured strip has the shares of all expressions.

# %%
section.faces(data)

# %% [markdown]
# ## Expression of each face
#
# The probabilities of the seven expressions, on the video's clock. Where a face was out of sight or too small, it is empty.

# %%
section.timelines(data, smooth_s=smooth_s, limit=max_timelines)

# %% [markdown]
# ## Evidence

# %%
evidence.evidence(data, smooth_s=smooth_s, limit=max_evidence)

# %% [markdown]
# ## What was analysed, and what was not

# %%
section.coverage(data)

# %% [markdown]
# ## How this page was made

# %%
provenance.provenance(data, {"smooth_s": smooth_s, "max_timelines": max_timelines, "max_evidence": max_evidence})

# %% [markdown]
# ## What this does not say

# %%
provenance.limits(data)
