"""Units of parameters, put together from those of time, concentration and dose; nothing is converted."""

from __future__ import annotations

from csrkit.nca.inputs import Units


def parameter_units(units: Units) -> dict[str, str]:
    """Return kind of parameter to its unit, "" where a unit isn't known.

    Where the concentration is an amount in the dose's unit by volume, clearance and volume are in that
    volume (mg and mg/L give L/h); otherwise they are the quotient as it is, e.g. ``mg/(h*ng/mL)``.
    """
    time, concentration, dose = units.time, units.concentration, units.dose
    amount, _, volume = concentration.partition("/")
    same = bool(dose) and bool(volume) and amount == dose
    area = f"{time}*{concentration}"
    kinds = {
        "concentration": (concentration, [concentration]),
        "time": (time, [time]),
        "rate": (f"1/{time}", [time]),
        "area": (area, [time, concentration]),
        "moment": (f"{time}^2*{concentration}", [time, concentration]),
        "concentration by dose": (
            f"1/{volume}" if same else f"{concentration}/{dose}",
            [concentration, dose],
        ),
        "area by dose": (f"{time}/{volume}" if same else f"{area}/{dose}", [time, concentration, dose]),
        "clearance": (f"{volume}/{time}" if same else f"{dose}/({area})", [time, concentration, dose]),
        "volume": (volume if same else f"{dose}/({concentration})", [concentration, dose]),
    }
    texts = {kind: text if all(needed) else "" for kind, (text, needed) in kinds.items()}
    return texts | {"percent": "%", "none": "", "count": "points"}
