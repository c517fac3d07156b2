"""What the engine has to know of this trial's program to make its reports."""

from __future__ import annotations

from csrkit.publish.version import Program
from itpcsr.adam.making import PROGRAM, store_parts, write_store
from itpcsr.adam.states import select_profiled
from itpcsr.adam.store import rules_hash
from itpcsr.display.labels import DECIMALS_OF_ROWS
from itpcsr.publish.disclosing import disclosure_hash, prepare
from itpcsr.publish.method_list import write_method_list
from itpcsr.publish.subject_profiles import add_profiles, choose_paged, say_paged
from itpcsr.sdtm import load_trial
from itpcsr.study import read_study, write_study

TRIAL = Program(
    modules=("itpcsr.publish.trial",),
    datasets=PROGRAM,
    preloaded=("itpcsr.publish.preloaded",),
    readers={"scenarios": "read_scenarios", "related": "read_related"},
    reads_data=("load_trial", "read_trial", "review_trial"),
    decimals=DECIMALS_OF_ROWS,
    read_study=read_study,
    write_study=write_study,
    rules_hash=rules_hash,
    store_parts=store_parts,
    write_store=write_store,
    load_trial=load_trial,
    disclose=prepare,
    disclosure_hash=disclosure_hash,
    profiled=select_profiled,
    paged=choose_paged,
    say_paged=say_paged,
    write_pages=add_profiles,
    lists=write_method_list,
)
