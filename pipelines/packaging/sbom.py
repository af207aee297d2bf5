"""What a package is made of: a CycloneDX 1.6 bill of materials, with the model and its dataset.

The library writes all of it but ``modelCard`` and ``data``, which it has no classes for yet; these are added to what it
wrote. Nothing in it comes from a clock or from chance, so that the same package has the same bill.
"""

import json
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import TYPE_CHECKING, Any

from pipelines.packaging.bento import Release
from pipelines.packaging.lock import Pin
from tatara.core.files import canonical_json, digest

if TYPE_CHECKING:
    from cyclonedx.model.component import Component
    from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression

    Licence = DisjunctiveLicense | LicenseExpression

FILE = "sbom.cdx.json"
LONGEST = 200
"""Characters of a licence's name or expression; what is longer is its text."""


def bill(
    release: Release,
    pins: Sequence[Pin],
    learned: "Sequence[Component]",
    more: Mapping[str, Mapping[str, Any]],
    at: str,
) -> str:
    """The bill as canonical JSON.

    Args:
        release: what is packaged.
        pins: of its lock.
        learned: components of what was learned: the model, which depends on the rest, then what it learned from.
        more: ``bom-ref`` -> what JSON has of that component beside what the library writes.
        at: when the package was approved, ISO 8601.
    """
    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.tool import ToolRepository
    from cyclonedx.output.json import JsonV1Dot6

    root = Component(
        type=ComponentType.APPLICATION, name=release.name, version=release.version, bom_ref=f"bento:{release.tag}"
    )
    tool = Component(type=ComponentType.APPLICATION, name="tatara")
    libraries = {pin: _library(pin) for pin in pins}
    moment = datetime.fromisoformat(at)
    bom = Bom(
        components=[*learned, *libraries.values()], serial_number=uuid.uuid5(uuid.NAMESPACE_OID, release.tag),
        metadata=BomMetaData(component=root, tools=ToolRepository(components=[tool]), timestamp=moment),
    )  # fmt: skip
    bom.register_dependency(root, [*learned[:1], *(libraries[pin] for pin in pins if pin.direct)])
    bom.register_dependency(learned[0], learned[1:])
    wanted = defaultdict(list)
    for pin in pins:
        for parent in pin.via:
            wanted[parent].append(libraries[pin])
    for pin in pins:
        bom.register_dependency(libraries[pin], wanted[pin.name])
    written = json.loads(JsonV1Dot6(bom).output_as_string())
    for component in written["components"]:
        component |= more.get(component["bom-ref"], {})
    written["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, digest({**written, 'serialNumber': ''}))}"
    return canonical_json(written) + "\n"


def _library(pin: Pin) -> "Component":
    """A package, with the SHA-256 of every file that the lock lets be installed: which one, the machine decides."""
    from cyclonedx.model import HashAlgorithm, HashType, Property
    from cyclonedx.model.component import Component, ComponentScope, ComponentType
    from packageurl import PackageURL

    url = PackageURL("pypi", name=pin.name, version=pin.version)
    return Component(
        type=ComponentType.LIBRARY, name=pin.name, version=pin.version, purl=url, bom_ref=url.to_string(),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=sha) for sha in pin.hashes],
        licenses=_licences(pin), scope=ComponentScope.OPTIONAL if pin.marker else ComponentScope.REQUIRED,
        properties=[Property(name="tatara:marker", value=pin.marker)] if pin.marker else [],
    )  # fmt: skip


def _licences(pin: Pin) -> "list[Licence]":
    """What the installed distribution says, where it is the pinned one."""
    try:
        found = distribution(pin.name)
    except PackageNotFoundError:
        return []
    return [licence(said)] if found.version == pin.version and (said := _said(found)) else []


def _said(found: Distribution) -> str:
    """PEP 639's expression; else the older field where it is a name and no text, or the classifiers."""
    fields = found.metadata
    for name in ("License-Expression", "License"):
        said = fields[name].strip() if name in fields else ""
        if said and "\n" not in said and len(said) <= LONGEST:
            return said
    named = [one.rpartition(" :: ")[2] for one in fields.get_all("Classifier") or () if one.startswith("License :: ")]
    return " and ".join(sorted(named))


def licence(said: str) -> "Licence":
    """An identifier of SPDX, an expression of such, or a name."""
    from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression
    from cyclonedx.spdx import fixup_id, is_expression

    if known := fixup_id("-".join(said.split())):
        return DisjunctiveLicense(id=known)
    return LicenseExpression(said) if is_expression(said) else DisjunctiveLicense(name=said)
