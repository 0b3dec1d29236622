# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] tags=["notebook-only"]
# # Report that compares two collections
#
# Run it with the parameters below, from JupyterLab or from a shell:
#
#     papermill compare_report.ipynb out.ipynb -p store A -p other B
#     facestats report STORE --template compare_report -p other OTHER_STORE
#
# Without `other`, two periods of one store are compared (`-p first_until 2026-11-01 -p second_from 2026-11-01`), or files
# of different names (`-p first_files "*-before.mp4" -p second_files "*-after.mp4"`).

# %% tags=["parameters"]
store = "facestats-out"  # folder that `facestats analyze --out` wrote: the first side
other = ""  # a second store; empty: two parts of the same, told apart below
first_from = ""  # only videos whose analysis began on this day (2026-10-01, UTC) or later; empty: all
first_until = ""  # and before this day, which does not belong to it any more
second_from = ""  # the same for the second side
second_until = ""  # the same for the second side
first_files = ""  # only videos whose path or file name has this pattern (*, ?); empty: all
second_files = ""  # the same for the second side
first_label = ""  # what to call the first side; empty: the store, the period or the pattern
second_label = ""  # what to call the second side

# %%
from facestats.reports import comparison as section
from facestats.reports.sides import Choice, load_comparison

first = Choice(first_from, first_until, first_files, first_label)
second = Choice(second_from, second_until, second_files, second_label)
data = load_comparison(store, other, first=first, second=second)
section.headline(data)

# %%
section.cautions(data)

# %% [markdown]
# ## Who was seen, and with which expressions
#
# Expressions are expected shares of the time, and counted is what each face showed most. Lines across the bars are 90 % intervals; clear
# differences are percentage points, from the first side to the second.

# %%
section.composition(data)

# %% [markdown]
# ## What was analysed

# %%
section.coverage(data)

# %% [markdown]
# ## How this page was made

# %%
section.made(data)

# %% [markdown]
# ## What this does not say

# %%
section.limits(data)
