# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 02 诊断：时间花在哪里，为什么
#
# *Diagnosis: where the time goes, and why.*
#
# 诊断只提出**疑似问题**和证据，不作结论；每一条都附有可供核查的办件、可能的例外和损失时间的估计（**合成数据**）。

# %%
import flowaudit as fa
from flowaudit.eventlog import sample_folder

log = fa.load_sample("restaurant")
catalogue = fa.read_catalogue(sample_folder("restaurant") / "catalogue")

# %% [markdown]
# ## 一、诊断规则
#
# *The rules: when each of them speaks.*

# %%
for rule in fa.RULES.values():
    print(rule.id, rule.name("zh"))
    print("   ", rule.definition("zh"))

# %% [markdown]
# ## 二、发现
#
# *Findings, those that could save most first.*

# %%
findings = fa.diagnose(log, catalogue)
findings

# %%
fa.draw(findings)

# %% [markdown]
# ## 三、查看一条发现
#
# *One finding: statement, caveat, and the cases to look at.*
#
# 证据列出至多 20 件办件，损失时间最长的在前；核查时请先读例外说明。

# %%
first = findings.items[0]
print(first.statement("zh"))
print("例外：", first.caveat("zh"))
print("证据：", "、".join(first.evidence[:5]))
print("对应举措：", "、".join(first.measures))

# %% [markdown]
# ## 四、等待发生在哪些环节之间
#
# *Where cases wait: from the step that enabled the work to its start.*
#
# 等待自“使能环节”结束起算，到本环节开始为止；同一部门内与跨部门的等待分列。

# %%
findings.waiting.sort_values("total_working_h", ascending=False).head(10)

# %% [markdown]
# ## 五、返工
#
# *Rework: what is done more than once; mean per case.*
#
# 重复分为紧接重复（self_loop）与隔步重复（repetition），又各分为同一人（repeat）与换人（redo）；下表为每件平均次数。

# %%
fa.rework(log).mean().round(2).to_frame("每件平均次数")

# %% [markdown]
# 下一步：`03_redesign`（再造与测算）——如果改了会怎样。
#
# *Next: what if it were done otherwise.*
