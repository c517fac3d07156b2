"""Countries: codes of ISO 3166-1, as SDTM wants them."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from csrkit.sdtm.labels import distance, fold_label
from itpcsr.sdtm.checks.findings import WARNING, values
from itpcsr.sdtm.checks.rules import SDTM, rule
from itpcsr.sdtm.checks.tables import Tables
from itpcsr.study import Study

# ISO 3166-1 alpha-3, as of 2024.
_CODES = """
ABW AFG AGO AIA ALA ALB AND ARE ARG ARM ASM ATA ATF ATG AUS AUT AZE BDI BEL BEN BES BFA BGD BGR BHR BHS BIH
BLM BLR BLZ BMU BOL BRA BRB BRN BTN BVT BWA CAF CAN CCK CHE CHL CHN CIV CMR COD COG COK COL COM CPV CRI CUB
CUW CXR CYM CYP CZE DEU DJI DMA DNK DOM DZA ECU EGY ERI ESH ESP EST ETH FIN FJI FLK FRA FRO FSM GAB GBR GEO
GGY GHA GIB GIN GLP GMB GNB GNQ GRC GRD GRL GTM GUF GUM GUY HKG HMD HND HRV HTI HUN IDN IMN IND IOT IRL IRN
IRQ ISL ISR ITA JAM JEY JOR JPN KAZ KEN KGZ KHM KIR KNA KOR KWT LAO LBN LBR LBY LCA LIE LKA LSO LTU LUX LVA
MAC MAF MAR MCO MDA MDG MDV MEX MHL MKD MLI MLT MMR MNE MNG MNP MOZ MRT MSR MTQ MUS MWI MYS MYT NAM NCL NER
NFK NGA NIC NIU NLD NOR NPL NRU NZL OMN PAK PAN PCN PER PHL PLW PNG POL PRI PRK PRT PRY PSE PYF QAT REU ROU
RUS RWA SAU SDN SEN SGP SGS SHN SJM SLB SLE SLV SMR SOM SPM SRB SSD STP SUR SVK SVN SWE SWZ SXM SYC SYR TCA
TCD TGO THA TJK TKL TKM TLS TON TTO TUN TUR TUV TWN TZA UGA UKR UMI URY USA UZB VAT VCT VEN VGB VIR VNM VUT
WLF WSM YEM ZAF ZMB ZWE
"""
CODES = frozenset(_CODES.split())


@rule("DM-12", WARNING, "COUNTRY is a code of ISO 3166-1 alpha-3", SDTM, "DM.COUNTRY")
def _unknown_countries(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    dm = tables.get("DM", "COUNTRY")
    odd = dm[(dm["COUNTRY"] != "") & ~dm["COUNTRY"].isin(CODES)]
    counts = dm.loc[dm["COUNTRY"].isin(CODES), "COUNTRY"].value_counts()
    common = sorted(counts.index, key=lambda code: (-int(counts[code]), code))
    nearly = odd["COUNTRY"].map(lambda code: _nearest(code, common))
    text = "no code of ISO 3166-1 alpha-3, such as CHN or USA{nearly}. Correct it."
    yield values("DM", odd.assign(nearly=nearly), "COUNTRY", text)


def _nearest(code: str, common: list[str]) -> str:
    """Name the code meant: one that is a letter away, of those in the data before others."""
    near = [known for known in (*common, *sorted(CODES)) if distance(fold_label(code), known) <= 1]
    return f" (nearly {near[0]!r})" if near else ""
