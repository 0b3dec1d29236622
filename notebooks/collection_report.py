# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] tags=["notebook-only"]
# # Report on a collection
#
# Run it with the parameters below, from JupyterLab or from a shell:
#
#     papermill collection_report.ipynb out.ipynb -p store facestats-out
#     facestats report STORE --out reports
#
# The second also reports on each video, and writes pages without code.

# %% tags=["parameters"]
store = "facestats-out"  # folder that `facestats analyze --out` wrote
title = ""  # of the page; empty: the store's name
linked = False  # whether the pages of the videos lie beside this one

# %%
from facestats.reports import collection as section
from facestats.reports import provenance
from facestats.reports.data import load_collection

data = load_collection(store, linked=linked)
section.headline(data, title=title)

# %%
section.glance(data)

# %% [markdown]
# ## The videos

# %%
section.videos(data)

# %% [markdown]
# ## How the videos differ in their expressions

# %%
section.spread(data)

# %% [markdown]
# ## What was analysed, and what was not

# %%
section.coverage(data)

# %% [markdown]
# ## How this page was made

# %%
provenance.provenance(data)

# %% [markdown]
# ## What this does not say

# %%
provenance.limits(data)
