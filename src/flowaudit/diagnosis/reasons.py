"""Why a reform measure may answer what a rule found: one sentence for each pair."""

from __future__ import annotations

from flowaudit.messages import Language
from flowaudit.messages import translate as _


def reason(rule: str, measure: str, lang: Language | None = None) -> str:
    """Return why a measure may help against what a rule finds; an empty string for pairs nobody has argued for.

    Examples
    --------
    >>> reason("W08", "M14", "en")
    'one joint visit takes the place of several inspections of the same premises'
    """
    pairs = {
        ("W01", "M02"): _("levels beyond the third are taken out and the decision is moved to the level that stays", lang=lang),
        ("W02", "M02"): _("a signature that changes nothing can be left to the level before it, if the law allows", lang=lang),
        ("W02", "M01"): _("the signature can be given together with the step before it", lang=lang),
        ("W03", "M03"): _("one case worker or one pool needs no returns", lang=lang),
        ("W03", "M04"): _("asked at the same time, departments need not send the case back and forth", lang=lang),
        ("W04", "M09"): _("a complete notice at the start leaves less to correct", lang=lang),
        ("W04", "M10"): _("an automatic check at submission catches slips at once", lang=lang),
        ("W04", "M07"): _("what is fetched from the e-licence store cannot be missing or wrong", lang=lang),
        ("W05", "M13"): _("accepting with a minor paper missing starts the clock instead of lengthening the time before it", lang=lang),
        ("W05", "M09"): _("a complete notice shortens the time before acceptance", lang=lang),
        ("W06", "M08"): _("handed in once, a material serves all items", lang=lang),
        ("W06", "M07"): _("a material the administration holds need not be handed in", lang=lang),
        ("W07", "M06"): _("one form asks for every field once", lang=lang),
        ("W07", "M07"): _("fields with an authoritative source can be filled in from there", lang=lang),
        ("W08", "M14"): _("one joint visit takes the place of several inspections of the same premises", lang=lang),
        ("W09", "M04"): _("what does not need the other's result can run beside it", lang=lang),
        ("W10", "M24"): _("without fixed days for decisions nobody waits for the next one", lang=lang),
        ("W10", "M19"): _("where the queue causes the waiting, staffing or office hours shorten it", lang=lang),
        ("W10", "M01"): _("a step that is done together with the one before has no queue of its own", lang=lang),
        ("W10", "M03"): _("a pool does not wait for one person", lang=lang),
        ("W10", "M09"): _("what the applicant is told at the start need not be asked for later", lang=lang),
        ("W10", "M20"): _("a time limit with tacit consent ends the waiting for another authority", lang=lang),
        ("W11", "M16"): _("a circle of prerequisites is cut where the law allows it", lang=lang),
        ("W12", "M05"): _("one window takes in everything and passes it on inside", lang=lang),
        ("W13", "M01"): _("two steps that review the same can be one", lang=lang),
        ("W13", "M04"): _("departments that review the same paper can do so together and share the result", lang=lang),
        ("W14", "M10"): _("an automatic check at submission turns back unusable materials at once", lang=lang),
        ("W14", "M09"): _("a clear notice tells which material is wanted and which is not", lang=lang),
        ("W15", "M17"): _("what is sent by courier or as an e-licence need not be collected", lang=lang),
        ("W15", "M22"): _("what can be confirmed from afar needs no visit", lang=lang),
        ("W15", "M09"): _("who knows beforehand what is needed does not come in vain", lang=lang),
        ("W16", "M25"): _("simple cases on a fast lane do not wait for their deadline", lang=lang),
        ("W16", "M19"): _("where cases are late for want of hands, staffing or office hours help", lang=lang),
        ("W17", "M18"): _("the promise can be brought near to what is reached already", lang=lang),
        ("W18", "M21"): _("the decision can be left to the authority that examines anyway", lang=lang),
        ("W19", "M03"): _("a deputy or a pool takes over when one officer is full or away", lang=lang),
        ("W19", "M19"): _("work can be spread, hours shifted or posts filled where the load is", lang=lang),
        ("W20", "M22"): _("with electronic signature and seal no paper has to follow", lang=lang),
        ("W20", "M07"): _("an e-licence takes the place of the paper that is shown", lang=lang),
        ("W21", "M20"): _("a time limit for answers leaves less reason to stop the clock", lang=lang),
        ("W21", "M09"): _("asking for everything at once leaves less to suspend for", lang=lang),
        ("W22", "M05"): _("one intake with one list of materials treats all channels alike", lang=lang),
        ("W22", "M10"): _("the same automatic check can serve the window and the web", lang=lang),
        ("W23", "M17"): _("all results are handed over at once, by courier or as e-licences", lang=lang),
        ("W24", "M07"): _("issued by an authority or held as an e-licence, it need not be handed in", lang=lang),
        ("W25", "M10"): _("what intake can check is checked there, before others spend time on the case", lang=lang),
        ("W25", "M09"): _("conditions that are known at the start are told at the start", lang=lang),
    }  # fmt: skip
    return pairs.get((rule, measure), "")
