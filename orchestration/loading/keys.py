"""Keys that name nobody, and codes that a spreadsheet has changed: what is wrong with a value.

A person called ``nan`` or ``guest`` would be the shop's best customer; ``1113`` matches no
``01113``. Such values are told by the column's role in the sources YAML, never by its name.
"""

from __future__ import annotations

from orchestration.paths import quoted

PERSON = "person_key"
# Columns that join tables: a value that is not exactly the same in both joins nothing.
KEY_ROLES = frozenset({PERSON, "order_key", "order_customer_key", "product_key", "seller_key"})
# Of these, those that stand for somebody.
WHO_ROLES = frozenset({PERSON, "order_customer_key"})
CODE_ROLES = KEY_ROLES | {"postal_code"}
# Every role whose values a spreadsheet may have dressed up as text.
ARMOURED_ROLES = CODE_ROLES | {"state", "order_status", "payment_type"}

# How programs write "nothing", apart from brackets around it.
NULL_WORDS = frozenset(
    {
        "null", "nul", "nil", "none", "nan", "nat", "na", "n/a", "n.a.", "n.a", "n/d", "n.d.",
        "\\n", "undefined", "undef", "missing", "empty", "blank", "void", "not available",
        "not applicable", "not set", "not provided", "not specified", "no value", "no data",
        "inf", "infinity", "1.#qnan", "1.#ind", "#n/a", "#null!", "#ref!", "#value!", "#name?",
        "#num!", "#div/0!", "#error!", "#spill!", "#calc!", "nulo", "nula", "vazio", "vacio",
        "vacío", "leer", "vide", "sem", "s/n",
    }
)  # fmt: skip
# Whom shops write down when they do not know who bought.
PLACEHOLDERS = frozenset(
    {
        "guest", "guest user", "guest customer", "guest checkout", "unknown", "unknown customer",
        "unknown user", "anonymous", "anonymous user", "anonymous customer", "anon", "anonymized",
        "anonymised", "test", "test user", "test customer", "tester", "testing", "dummy",
        "default", "customer", "default customer", "user", "nobody", "noone", "no one", "somebody",
        "someone", "other", "others", "walk in", "walkin", "walk in customer", "cash",
        "cash customer", "cash sale", "counter sale", "deleted", "deleted user", "deleted customer",
        "removed", "redacted", "hidden", "private", "no customer", "no name", "noname", "no email",
        "admin", "asdf", "foo", "example", "sample", "tbd", "tba", "todo", "temp", "placeholder",
        "convidado", "visitante", "desconhecido", "anonimo", "anônimo", "teste", "cliente",
        "consumidor final", "sem cadastro", "invitado", "desconocido", "anónimo", "prueba", "gast",
        "unbekannt", "anonym", "kunde", "invité", "inconnu", "anonyme", "ospite", "sconosciuto",
        "-1", "-9", "-99", "-999", "-9999",
    }
)  # fmt: skip
# MD5, SHA-1 and SHA-256 of no text at all.
EMPTY_DIGESTS = frozenset(
    {
        "d41d8cd98f00b204e9800998ecf8427e",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    }
)
# Their e-mail addresses, by what stands before the @.
PLACEHOLDER_MAILBOXES = (
    "guest|unknown|anonymous|anon|test|none|null|nan|na|noemail|no-email|no.email|nomail|no-mail|"
    "noreply|no-reply|nobody|dummy|example|donotreply|do-not-reply"
)
# Blanks of any script, and the signs of no width that come with copied text.
BLANKS = "[\\s\\p{Z}\\x{FEFF}\\x{200B}-\\x{200D}\\x{2060}]"


# What most keys look like: letters and digits, hyphens not after an e, one digit that is not 0.
# No test below doubts these, so one test passes them over instead of ten.
_SIGN = "(?:[0-9A-Za-z_]|[0-9A-DF-Za-df-z]-)"
PLAIN_KEY = f"{_SIGN}*[1-9]{_SIGN}*"
PLAIN_MAIL = "[0-9A-Za-z_.+-]+@[0-9A-Za-z.-]+[A-Za-z]"
EXPONENT = r"[+-]?\d+([.,]\d+)?[eE][+-]\d+|[+-]?\d+[.,]\d+[eE]\d+"


def _is_one_of(value: str, words: frozenset[str]) -> str:
    # Not `in (...)`: DuckDB 2.0 joins every row to such a list, before it looks at the case.
    texts = ", ".join("'" + word.replace("'", "''") + "'" for word in sorted(words))
    return f"list_contains([{texts}], {value})"


def doubt_sql(column: str, role: str | None) -> str | None:
    """SQL of what is wrong with a value of a column that plays a role; null where nothing is.

    Args:
        column: a column of texts.
        role: as the sources YAML names it.

    Returns:
        An expression whose value is a key of ``DOUBTS``, or none if the role is not doubted.
    """
    if role not in ARMOURED_ROLES:
        return None
    value = f'"{column}"'
    bare = f"trim(lower({value}), '<>()[]{{}}\"''`')"
    spaced = rf"regexp_replace({bare}, '[\s_-]+', ' ', 'g')"
    cases: list[tuple[str, str]] = []  # the first one that is true decides
    if role in KEY_ROLES:
        cases.append((f"{value} is null", "empty"))
    if role in WHO_ROLES:
        cases.append((_is_one_of(f"lower({value})", EMPTY_DIGESTS), "placeholder"))
    cases.append((f"regexp_full_match({value}, '{PLAIN_KEY}')", ""))
    if role in WHO_ROLES:
        cases += [
            (f"regexp_matches(lower({value}), '^({PLACEHOLDER_MAILBOXES})@')", "placeholder"),
            (f"regexp_full_match({value}, '{PLAIN_MAIL}')", ""),
        ]
    cases.append(
        (rf"starts_with({value}, '''') or regexp_matches({value}, '^\s*=\s*\"')", "armour")
    )
    if role in CODE_ROLES:
        cases += [
            (f"regexp_matches({value}, '^{BLANKS}|{BLANKS}$')", "blank"),
            (f"regexp_full_match({value}, '{EXPONENT}')", "exponent"),
            (rf"regexp_full_match({value}, '[+-]?\d+\.0+')", "decimal"),
        ]
    if role in KEY_ROLES:
        cases += [
            (_is_one_of(bare, NULL_WORDS), "null_word"),
            (rf"not regexp_matches({value}, '[\p{{L}}\p{{N}}]')", "no_letter"),
        ]
    if role in WHO_ROLES:
        cases += [
            (_is_one_of(bare, PLACEHOLDERS), "placeholder"),
            (_is_one_of(spaced, PLACEHOLDERS), "placeholder"),
            (f"regexp_full_match({bare}, 'x{{2,}}')", "placeholder"),
        ]
    if role == PERSON:
        cases.append((rf"regexp_full_match({value}, '[-+]?[0.\-]*0[0.\-]*')", "placeholder"))
    whens = [f"when {test} then nullif('{code}', '')" for test, code in cases]
    return f"case {' '.join(whens)} end"


DOUBTS = {
    "empty": "a key is missing here",
    "armour": "{value} is a code in spreadsheet dress; write the code alone, as text",
    "blank": "{value} begins or ends with a blank, so it matches no key without one",
    "exponent": "{value} is a number that a spreadsheet has shortened; export the key as text",
    "decimal": "{value} is a code that was made a number; export it as text, with its zeros",
    "null_word": "{value} is no key but a word for nothing; leave out or mend such rows",
    "no_letter": "{value} is no key, it has neither letter nor digit",
    "placeholder": "{value} names nobody; all such rows would become one customer",
}


def doubt_reason(code: str, value: str | None) -> str:
    """The sentence for what ``doubt_sql`` has found.

    Args:
        code: a key of ``DOUBTS``.
        value: as it stands in the file.

    Example:
        >>> doubt_reason("no_letter", "-")
        "'-' is no key, it has neither letter nor digit"
    """
    return DOUBTS[code].format(value=quoted(value))
