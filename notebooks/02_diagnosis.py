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
from flowaudit.metrics import queue_curves
from flowaudit.views import queue_chart

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
# *One finding: statement, counting rule, caveat, what it overlaps, and its cases as time lines.*
#
# 证据列出至多 20 件办件，损失时间最长的在前；核查时请先读例外说明。与其他发现说的是同一段时间的，节省不能相加。

# %%
one = next(finding for finding in findings if finding.rule == "W03")
print(one.statement("zh"))
print("口径：", one.counting("zh"))
print("例外：", one.caveat("zh"))
print("损失与至多可节省（工作日）：", round(one.time_lost_days_total), round(one.saving_days_total))
print("重叠：", "、".join(one.overlaps))
for code in one.measures:
    print(code, one.why(code, "zh"))

# %%
fa.draw(fa.explain(one, log, cases=2))

# %% [markdown]
# ## 四、为什么等
#
# *Why cases wait: every window between enabled and started, split into six causes that add up to it.*
#
# 依次取走：申请人、批次、排队（经办人忙于先就绪的工作）、后到先办、不在岗，其余为外部原因。日历时间中夜晚和周末占大头，看办公时间更有用。

# %%
waiting = fa.waiting_causes(log)
waiting

# %%
fa.draw(waiting)

# %% [markdown]
# ## 五、瓶颈
#
# *Bottlenecks: what all cases together would save without the waiting before a step, the cases replayed.*
#
# 按至多可节省排，不按平均等待排：旁边还有更长的一段在并行时，去掉它谁也不会早办结。

# %%
fa.bottlenecks(log).head(8).round(2)

# %% [markdown]
# ## 六、性能谱
#
# *Performance spectrum of the segment with most waiting: every line is one passage; crossing lines overtake.*

# %%
segments = fa.spectra(log)
segments.head(5).round(2)

# %%
largest = segments.iloc[0]
fa.draw(fa.spectrum(log, largest["source"], largest["target"]))

# %% [markdown]
# ## 七、排队曲线
#
# *Queue curves: how many pieces of work wait and are in hand, week by week.*

# %%
queue_chart(queue_curves(log, every="W"), top=4)

# %% [markdown]
# ## 八、一件事在等谁
#
# *Which department was last where items join, and which items fill the bundle's time end to end.*

# %%
fa.lagging(log, catalogue=catalogue).round(2)

# %%
fa.critical_path(log, catalogue=catalogue)

# %% [markdown]
# ## 九、返工
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
