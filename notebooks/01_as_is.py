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
# # 01 现状：办件日志说明了什么
#
# *As it is: what the log of an approval office says.*
#
# 本笔记以随附的合成数据“开办餐饮店一件事”为例（**合成数据**，不含真实单位和个人），依次读取日志、检查数据质量、梳理现状流程，并统计环节、时间、材料、跑动。
# 换用自己的数据，只需改动第一个代码单元。

# %%
import flowaudit as fa
from flowaudit.eventlog import sample_folder

# %% [markdown]
# ## 一、读取日志
#
# *Reading the log; applicants become keyed hashes and officers codes at once.*
#
# 申请人在读入时即替换为不可逆的代号，办理人员替换为编码；盐值保存在用户配置文件夹，不随成果流出。
# 使用自己的数据：`fa.read_csv("办件.csv")`、`fa.read_xes("log.xes.gz")` 或 `fa.read_folder("数据表文件夹/")`。

# %%
log = fa.load_sample("restaurant")
log

# %%
catalogue = fa.read_catalogue(sample_folder("restaurant") / "catalogue")
catalogue

# %% [markdown]
# ## 二、数据质量
#
# *What is implausible is listed, never silently repaired.*
#
# 每一行说明发现了什么、会影响哪些结论、如何处理。

# %%
fa.check(log, catalogue)

# %% [markdown]
# ## 三、现状流程
#
# *The flow as it is: lanes by department, the thicker the more frequent.*
#
# 图中按部门分泳道；只画出可读数量的连线，涵盖比例见图下说明。

# %%
as_is = fa.discover(log)
as_is

# %%
fa.draw(as_is)

# %% [markdown]
# ## 四、办理路径
#
# *Variants: in how many ways cases run.*
#
# 一件事跨多个部门并行办理，几乎每件的先后顺序都不相同；路径多本身不是问题，但说明“标准流程”只存在于纸面。

# %%
paths = as_is.variants
paths.assign(环节数=[len(path) for path in paths["variant"]]).drop(columns="variant").head(5)

# %% [markdown]
# ## 五、四减的现状值
#
# *Steps, time, materials and trips as observed, each with its counting rule.*
#
# 每个数字都带有统计口径；没有记录的写明“未记录”，不以零代替。全程时间与计时办理时间并列，避免把“移出计时”当成“缩短时间”。

# %%
observed = fa.four_reductions(log, catalogue)
observed

# %%
fa.draw(observed)

# %% [markdown]
# 下一步：`02_diagnosis`（诊断）——时间花在哪里，为什么。
#
# *Next: where the time goes, and why.*
