"""Country names of the Online Retail file. Source: ISO 3166-1 alpha-2."""

CODES = {
    "Australia": "AU",
    "Austria": "AT",
    "Bahrain": "BH",
    "Belgium": "BE",
    "Brazil": "BR",
    "Canada": "CA",
    # Jersey and Guernsey have codes of their own, the islands together have none;
    # Jersey is the larger, and no tax or report hangs on the difference here.
    "Channel Islands": "JE",
    "Cyprus": "CY",
    "Czech Republic": "CZ",
    "Denmark": "DK",
    "EIRE": "IE",
    "Finland": "FI",
    "France": "FR",
    "Germany": "DE",
    "Greece": "GR",
    "Hong Kong": "HK",
    "Iceland": "IS",
    "Ireland": "IE",
    "Israel": "IL",
    "Italy": "IT",
    "Japan": "JP",
    "Lebanon": "LB",
    "Lithuania": "LT",
    "Malta": "MT",
    "Netherlands": "NL",
    "Norway": "NO",
    "Poland": "PL",
    "Portugal": "PT",
    "RSA": "ZA",
    "Saudi Arabia": "SA",
    "Singapore": "SG",
    "South Africa": "ZA",
    "Spain": "ES",
    "Sweden": "SE",
    "Switzerland": "CH",
    "USA": "US",
    "United Arab Emirates": "AE",
    "United Kingdom": "GB",
    "United States": "US",
}
#: Names whose code says less than they do: kept in the document's narration.
INEXACT = frozenset({"Channel Islands"})


def country_code(name: str) -> str:
    """The code of a country, or an empty string for what is none ('European Community')."""
    return CODES.get(name.strip(), "")


def country_remark(name: str) -> str:
    """What the code of this country does not say, or an empty string."""
    name = name.strip()
    return f"Country: {name}" if name and (name in INEXACT or name not in CODES) else ""
