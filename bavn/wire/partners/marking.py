"""TLP 2.0 and PAP as STIX 2.1 marking definitions, exactly the objects that OASIS published.

The standard itself knows only TLP 1; these are its extensions ``tlp-2.0`` and ``pap-marking-definition-f8d``, with
their fixed ids and times. Nobody may make others. Refuses to know what a marking allows: gates 3 and 4 do.
"""

from typing import Any, Final

from bavn.model.intel.indicator import Pap, Tlp

TLP_EXTENSION: Final = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
PAP_EXTENSION: Final = "extension-definition--f8d78575-edfd-406e-8e84-6162a8450f5b"

TLP_IDS: Final[dict[Tlp, str]] = {
    Tlp.CLEAR: "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    Tlp.GREEN: "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    Tlp.AMBER: "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    Tlp.AMBER_STRICT: "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    Tlp.RED: "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}
_TLP_CREATED = "2022-10-01T00:00:00.000Z"

PAP_IDS: Final[dict[Pap, str]] = {
    Pap.CLEAR: "marking-definition--ad15a0cd-55b6-4588-a14c-a66105329b92",
    Pap.GREEN: "marking-definition--c43594d1-4b11-4c59-93ab-1c9b14d53ce9",
    Pap.AMBER: "marking-definition--60f8932b-e51e-4458-b265-a2e8be9a80ab",
    Pap.RED: "marking-definition--740d36e5-7714-4c30-961a-3ae632ceee0e",
}
_PAP_CREATED: Final[dict[Pap, str]] = {
    Pap.CLEAR: "2022-10-01T00:00:00.000Z",
    Pap.GREEN: "2022-10-09T00:00:00.000Z",
    Pap.AMBER: "2022-10-02T00:00:00.000Z",
    Pap.RED: "2022-10-06T00:00:00.000Z",
}


def tlp_object(tlp: Tlp) -> dict[str, Any]:
    """The marking definition of a TLP 2.0 level, a plain STIX object."""
    level = {"tlp_2_0": tlp.value.removeprefix("TLP:").lower()}
    return _object(TLP_IDS[tlp], _TLP_CREATED, tlp.value, TLP_EXTENSION, level)


def pap_object(pap: Pap) -> dict[str, Any]:
    """The marking definition of a PAP level, a plain STIX object."""
    return _object(PAP_IDS[pap], _PAP_CREATED[pap], f"PAP:{pap.name}", PAP_EXTENSION, {"pap": pap.name.lower()})


def _object(marking_id: str, created: str, name: str, extension: str, level: dict[str, str]) -> dict[str, Any]:
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": marking_id,
        "created": created,
        "name": name,
        "extensions": {extension: {"extension_type": "property-extension", **level}},
    }
