"""Presidio's recognisers without a language model, as a recogniser to compare ours with.

Presidio isn't a dependency: importing this raises ImportError where it isn't installed. It knows no
Chinese resident's number, no addresses and, with its no-op engine, no names.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.nlp_engine import NoOpNlpEngine
from presidio_analyzer.predefined_recognizers import (
    CreditCardRecognizer,
    EmailRecognizer,
    IbanRecognizer,
    PhoneRecognizer,
    UkNinoRecognizer,
    UsSsnRecognizer,
)

from rag_cs.privacy import Finding, Kind

_KINDS: dict[str, Kind] = {
    "PHONE_NUMBER": "PHONE",
    "CREDIT_CARD": "BANK",
    "IBAN_CODE": "BANK",
    "EMAIL_ADDRESS": "EMAIL",
    "US_SSN": "ID",
    "UK_NINO": "ID",
}
# Its phone recogniser's own score; what is less sure is left out.
_THRESHOLD = 0.4
_REGIONS = ("CN", "US", "GB")


class Presidio:
    """Called like `find_personal`, with every recogniser that needs no language model."""

    def __init__(self) -> None:
        # Its check of e-mail addresses asks the network for a list of domains, says so at length
        # where there is none, and takes the list that it came with.
        logging.getLogger("tldextract").setLevel(logging.CRITICAL)
        languages = ["zh", "en"]
        registry = RecognizerRegistry(supported_languages=languages)
        for language in languages:
            registry.add_recognizer(
                PhoneRecognizer(supported_language=language, supported_regions=_REGIONS)
            )
            for make in (
                CreditCardRecognizer,
                EmailRecognizer,
                IbanRecognizer,
                UsSsnRecognizer,
                UkNinoRecognizer,
            ):
                registry.add_recognizer(make(supported_language=language))
        engine = NoOpNlpEngine([{"lang_code": name, "model_name": ""} for name in languages])
        engine.load()
        self._engine = AnalyzerEngine(
            registry=registry, nlp_engine=engine, supported_languages=languages
        )

    def __call__(self, text: str) -> Sequence[Finding]:
        """What it finds; of findings that overlap, the surest."""
        language = "en" if text.isascii() else "zh"
        results = self._engine.analyze(text, language=language, score_threshold=_THRESHOLD)
        chosen: list[Finding] = []
        for result in sorted(results, key=lambda each: -each.score):
            finding = Finding(result.start, result.end, _KINDS[result.entity_type])
            if all(finding.end <= other.start or other.end <= finding.start for other in chosen):
                chosen.append(finding)
        return sorted(chosen)
