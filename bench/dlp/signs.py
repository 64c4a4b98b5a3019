"""Signs that stand for other signs, signs that cannot be seen, and sentences round a value."""

from __future__ import annotations

from typing import Final

__all__ = [
    "CONTEXTS",
    "DELIMITERS",
    "DIGIT_SCRIPTS",
    "FILLER",
    "GREEK",
    "INVISIBLE",
    "LEET",
    "LOOKALIKES",
    "MORSE",
    "SPACES",
]

LOOKALIKES: Final = dict(zip("ABCEHIKMOPTXaceopxy", "АВСЕНІКМОРТХасеорху", strict=True)) | dict(
    zip("01235", "ОІƧƷƼ", strict=True)
)
GREEK: Final = dict(zip("ABEHIKMNOPTXYZov", "ΑΒΕΗΙΚΜΝΟΡΤΧΥΖον", strict=True))
LEET: Final = dict(zip("aeios", "43105", strict=True))
MORSE: Final = dict(
    zip(
        "0123456789",
        ("-----", ".----", "..---", "...--", "....-", ".....", "-....", "--...", "---..", "----."),
        strict=True,
    )
)
DIGIT_SCRIPTS: Final = {
    "arabic-indic": 0x660,
    "extended-arabic-indic": 0x6F0,
    "devanagari": 0x966,
    "bengali": 0x9E6,
    "thai": 0xE50,
    "myanmar": 0x1040,
    "khmer": 0x17E0,
    "mongolian": 0x1810,
    "nko": 0x7C0,
    "tibetan": 0xF20,
    "gujarati": 0xAE6,
    "tamil": 0xBE6,
    "lao": 0xED0,
    "fullwidth": 0xFF10,
    "math-bold": 0x1D7CE,
    "math-double-struck": 0x1D7D8,
    "math-monospace": 0x1D7F6,
}
SPACES: Final = {
    "nbsp": "\xa0",
    "en-space": "\u2002",
    "em-space": "\u2003",
    "thin-space": "\u2009",
    "figure-space": "\u2007",
    "narrow-nbsp": "\u202f",
    "ideographic-space": "\u3000",
    "hair-space": "\u200a",
}
DELIMITERS: Final = {
    "none": "",
    "space": " ",
    "hyphen": "-",
    "dot": ".",
    "slash": "/",
    "tab": "\t",
    "newline": "\n",
    "double-hyphen": "--",
    "underscore": "_",
    "crlf": "\r\n",
    "two-spaces": "  ",
    "en-dash": "–",
    "nb-hyphen": "\u2011",
    "minus": "\u2212",
}
INVISIBLE: Final = {
    "zwsp": "\u200b",
    "zwnj": "\u200c",
    "zwj": "\u200d",
    "bom": "\ufeff",
    "word-joiner": "\u2060",
    "soft-hyphen": "\xad",
    "arabic-letter-mark": "\u061c",
    "left-to-right-mark": "\u200e",
    "variation-selector": "\ufe0f",
    "invisible-times": "\u2062",
    "combining-joiner": "\u034f",
}
FILLER: Final = "Lorem ipsum dolor sit amet"
CONTEXTS: Final = {
    "payment": "Please charge {} for the amount due.",
    "reference": "Reference: {} - please keep this confidential.",
    "mail-body": "Dear customer,\n\nwhat we have on file for you is {}.\n\nRegards,\nSupport",
    "log-line": "2026-04-03 09:15:22 INFO  processed record {} successfully",
    "form": "Name: Jo Smith\nData: {}\nDate: 2026-04-03\nDepartment: Finance",
    "audit": "Note for the auditor: the value {} is on page 14 of the report.",
    "xml-record": "<record><id>R-1</id><data>{}</data><status>open</status></record>",
    "json-record": '{{"type": "transaction", "ref": "{}", "amount": 1200}}',
    "mail-header": "From: billing\nTo: accounts\nSubject: invoice\n\nSee below. Ref: {}.",
    "classified": "INTERNAL USE ONLY\n\nRecord: {}\nClass: B",
    "csv": "17,ann,{},2026-04-03,open",
    "french": "Veuillez débiter {} pour le montant dû.",
    "french-form": "Nom : Jean Tremblay\nDonnée : {}\nDate : 2026-04-03",
    "german": "Bitte verwenden Sie {} für die Überweisung.",
    "spanish": "El dato es {}, gracias.",
    "sql": "INSERT INTO notes (id, body) VALUES (7, '{}');",
    "markdown": "| field | value |\n|---|---|\n| data | `{}` |",
    "quoted": "> she wrote: {}\n> and that was it",
    "parenthesised": "the one on file ({}) is old",
    "bracketed": "[{}]",
}
