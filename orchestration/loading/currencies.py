"""Which texts stand for a currency, whichever way they are written."""

from __future__ import annotations

import re

# ISO 4217, the codes of money in use.
ISO_CODES = frozenset(
    {
        "AED", "AFN", "ALL", "AMD", "ANG", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT",
        "BGN", "BHD", "BIF", "BMD", "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD",
        "CDF", "CHF", "CLF", "CLP", "CNY", "COP", "CRC", "CUP", "CVE", "CZK", "DJF", "DKK", "DOP",
        "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GNF",
        "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IQD", "IRR", "ISK", "JMD",
        "JOD", "JPY", "KES", "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP",
        "LKR", "LRD", "LSL", "LYD", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR",
        "MVR", "MWK", "MXN", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "OMR", "PAB",
        "PEN", "PGK", "PHP", "PKR", "PLN", "PYG", "QAR", "RON", "RSD", "RUB", "RWF", "SAR", "SBD",
        "SCR", "SDG", "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL",
        "THB", "TJS", "TMT", "TND", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "UYU",
        "UYW", "UZS", "VED", "VES", "VND", "VUV", "WST", "XAF", "XCD", "XCG", "XOF", "XPF", "YER",
        "ZAR", "ZMW", "ZWG",
    }
)  # fmt: skip
SIGNS = {
    "R$": "BRL", "REAL": "BRL", "REAIS": "BRL", "€": "EUR", "EURO": "EUR", "EUROS": "EUR",
    "US$": "USD", "$": "USD", "DOLLAR": "USD", "DOLLARS": "USD", "DOLAR": "USD", "DÓLAR": "USD",
    "£": "GBP", "¥": "JPY", "YEN": "JPY", "₹": "INR", "₩": "KRW", "₽": "RUB", "₺": "TRY",
    "ZŁ": "PLN", "KČ": "CZK", "CA$": "CAD", "A$": "AUD", "MX$": "MXN", "AR$": "ARS",
}  # fmt: skip


def currency_of(text: str, *, is_named_so: bool) -> str | None:
    """The code of a currency, or none if the text is no currency.

    Args:
        text: a value of a column.
        is_named_so: whether the column's name says currency: then any three capital letters are a
            currency, such as one of the past; else only a code of ISO 4217.

    Example:
        >>> [currency_of(text, is_named_so=True) for text in ("R$", " brl", "DEM", "n/a", "true")]
        ['BRL', 'BRL', 'DEM', None, None]
        >>> currency_of("DEM", is_named_so=False) is None
        True
    """
    word = text.strip().upper()
    if word in ISO_CODES:
        return word
    if not is_named_so:
        return None
    if word in SIGNS:
        return SIGNS[word]
    is_code = re.fullmatch(r"[A-Z]{3}", word) and word not in {"NAN", "NUL", "NIL", "YES", "N/A"}
    return word if is_code else None
