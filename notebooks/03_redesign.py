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
# # 03 再造与测算：改了会怎样
#
# *Redesign: what if, then what, and is it good enough.*
#
# 先用日志拟合流程模型并检验其可信程度，再在模型上施加改革举措，以同一随机种子仿真改革前后，成对比较（**合成数据**）。
# 仿真的“优化后”只与仿真的“优化前”比较，决不与观测值比较——否则模型误差会被当作成效。

# %%
import flowaudit as fa
from flowaudit.eventlog import sample_folder

log = fa.load_sample("restaurant")
catalogue = fa.read_catalogue(sample_folder("restaurant") / "catalogue")

# %% [markdown]
# ## 一、拟合流程模型
#
# *Fitting the process; it says itself what it cannot tell apart.*

# %%
process = fa.fit_process(log, catalogue)
process

# %% [markdown]
# ## 二、可选的举措
#
# *Candidate measures from the findings, each with its reason; what the data cannot support is refused.*

# %%
findings = fa.diagnose(log, catalogue)
suggestions, refused = fa.suggest(findings, process)
for suggestion in suggestions:
    print(suggestion.measure.id, suggestion.measure.label("zh"), "——", suggestion.reason("zh"))
for refusal in refused:
    print("不予测算：", refusal.what_zh, "——", refusal.reason_zh)

# %% [markdown]
# ## 三、改革方案
#
# *A scenario: an ordered list of measures; every verb returns a new one.*
#
# 方案由人选定。举措须经法制机构审核；名称写错时程序会提示相近名称。

# %%
scenario = (
    fa.Scenario("方案一")
    .one_window()
    .parallelise("消防核查", "环保核查")
    .limit_levels("市场监管局", 3)
    .use_e_licence("营业执照")
)
scenario

# %%
print(scenario.to_toml())

# %% [markdown]
# ## 四、仿真改革前后
#
# *Simulating the office as it is and as it would be: same luck, other rules.*
#
# 为节省时间，这里只重复 4 次；正式测算默认 30 次。

# %%
before = fa.simulate(process, replications=4, seed=7)
after = fa.simulate(scenario.apply(process), replications=4, seed=7)
before

# %% [markdown]
# ## 五、模型可信吗
#
# *Can the model be trusted: against the log it was fitted to, and against a later period.*

# %%
trust = fa.fidelity(process, log, catalogue, before=before)
trust

# %% [markdown]
# ## 六、评判
#
# *The verdict: paired differences with intervals; targets are set by people, none is invented.*
#
# 沪府办〔2020〕6号未规定压减比例；以下目标仅为演示写法。

# %%
targets = [fa.Target(metric="time", reduction=0.3, label="全程时间压减 30%（演示）")]
verdict = fa.evaluate(after, targets, baseline=before, catalogue=catalogue, fidelity=trust)
verdict

# %%
for zh, _en in verdict.notes:
    print("说明：", zh)

# %%
fa.draw(verdict)

# %% [markdown]
# ## 七、每项举措节省多少
#
# *Which measure saves how much, in the order of the scenario.*
#
# 举措之间相互重叠时，先列的举措占先；`fa.shapley(coalitions)` 对所有先后次序取平均（需逐一测算各种组合）。

# %%
coalitions = fa.Coalitions(process, scenario, before=before, after=after)
attribution = fa.waterfall(coalitions)
attribution

# %%
fa.draw(attribution)

# %% [markdown]
# ## 八、改了哪些、参数变了会怎样
#
# *What changes, exactly, and what other parameters would come to: an estimate within a second.*
#
# 左侧开关和滑块逐项调整举措，右侧随即给出四减的变化；这是**估算，非正式数字**，正式测算见第四、六节。
# 调好后，`panel.scenario` 就是滑块所示的方案。

# %%
change = fa.diff(process, scenario.apply(process))
fa.draw(change)

# %%
panel = fa.what_if(process, scenario)
panel

# %% [markdown]
# ## 九、生成方案
#
# *The whole chain at once, and the plan.*
#
# 命令行一步完成全部工作：`flowaudit run sample_logs/restaurant --out 输出文件夹`；
# 在 Python 中为 `fa.deliver(fa.study(log, catalogue, scenario=scenario), "输出文件夹")`。

# %%
quick = fa.StudySettings(title="开办餐饮店", replications=2, cases=200)
result = fa.study(log, catalogue, scenario=scenario, settings=quick)
fa.plan(result)
