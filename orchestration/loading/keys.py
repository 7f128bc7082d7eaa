"""Keys that name nobody, and codes that a spreadsheet has changed: what is wrong with a value.

A person called ``nan`` or ``guest`` would be the shop's best customer; ``1113`` matches no
``01113``. Such values are told by the column's role in the sources YAML, never by its name.
"""

from __future__ import annotations

from orchestration.paths import quoted
from orchestration.sql_text import literal

PERSON = "person_key"
# Columns that join tables: a value that is not exactly the same in both joins nothing.
KEY_ROLES = frozenset({PERSON, "order_key", "order_customer_key", "product_key", "seller_key"})
# Of these, those that stand for somebody.
WHO_ROLES = frozenset({PERSON, "order_customer_key"})
CODE_ROLES = KEY_ROLES | {"postal_code"}
# Every role whose values a spreadsheet may have dressed up as text.
ARMOURED_ROLES = CODE_ROLES | {"state", "order_status", "payment_type"}

# How programs and people write "nothing", apart from brackets, quotes, case and accents.
NULL_WORDS = frozenset(
    {
        "null", "nul", "nil", "none", "nan", "nat", "na", "n/a", "n.a.", "n.a", "n/d", "n.d.",
        "\\n", "undefined", "undef", "dbnull", "system.dbnull", "object object", "indefinido",
        "indefinida", "nothing", "nichts",
        "ninguno", "ninguna", "nenhum", "nenhuma", "aucun",
        "missing", "empty", "blank", "void", "not available",
        "not applicable", "not set", "not provided", "not specified", "no value", "no data",
        "inf", "infinity", "1.#qnan", "1.#ind", "nulo", "nula", "vazio", "vacio", "leer", "vide",
        "sem", "s/n", "k.a.",
    }
)  # fmt: skip
# Of these, words that a product or a seller may be called by.
WORDS_OF_THINGS = frozenset(
    {"na", "sem", "leer", "vide", "void", "blank", "empty", "inf", "infinity", "nothing"}
)
# What a spreadsheet writes in place of an error, in any language: #N/A, #NV, #VALOR!, #DIV/0!.
SHEET_ERROR = r"#[\p{L}\x{BF}]+(/[\p{L}0])?[!?]?"
# "Not given" and its like.
NOT_GIVEN = (
    "(nao|no|not|non|sem|sin|sans|kein|keine|ohne|without) (inform|dispon|avail|aplic|applic|provid"
    "|specif|set|given|known|found|name|nome|nom|email|e mail|mail|customer|client|kunde|cadastr"
    "|identif|defin|data|dado|dato|value|valor|wert|angabe|preench|renseign|registr|regist)\\w*"
)
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
        "convidado", "visitante", "desconhecido", "anonimo", "teste", "cliente", "visitor",
        "consumidor final", "sem cadastro", "invitado", "desconocido", "prueba", "gast",
        "unbekannt", "anonym", "kunde", "invite", "inconnu", "anonyme", "ospite", "sconosciuto",
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
    "guest|unknown|anonymous|anon|test|none|null|undefined|dbnull|nulo|noemail|no-email|no.email|"
    "nomail|no-mail|noreply|no-reply|nobody|dummy|example|donotreply|do-not-reply"
)
# A placeholder with a number, which is too short to be that of a till or of a visit.
NUMBERED = (
    "(guest|unknown|anonymous|anon|visitor|visitante|convidado|invitado|gast|dummy|tester|test user"
    "|guest user)[ _-]?\\d{1,4}"
)
# One digit or one sign of a hexadecimal number, and nothing else: 99999999999, ffffffff-ffff-...
ONE_SIGN = "|".join([*(f"(?:{digit}-*){{9,}}" for digit in "123456789"),
                     *(f"(?:{letter}-*){{4,}}" for letter in "abcdef")])  # fmt: skip
# Blanks of any script, and the signs of no width that come with copied text.
BLANKS = "[\\s\\p{Z}\\x{FEFF}\\x{200B}-\\x{200D}\\x{2060}]"


# What most keys look like: letters and digits, hyphens not after an e, one digit that is not 0.
# No test below doubts these, so one test passes them over instead of ten.
_SIGN = "(?:[0-9A-Za-z_]|[0-9A-DF-Za-df-z]-)"
PLAIN_KEY = f"{_SIGN}*[1-9]{_SIGN}*"
PLAIN_MAIL = "[0-9A-Za-z_.+-]+@[0-9A-Za-z.-]+[A-Za-z]"
# A spreadsheet leaves one digit before the point, and shortens large numbers: 12E-10 is a name.
EXPONENT = r"[+-]?\d([.,]\d+)?[eE]\+\d+|[+-]?\d[.,]\d+[eE]\d+"
# Of every script: straight, curly, angular, full-width.
QUOTES = "\"'`\u00ab\u00bb\u00b4\u2039\u203a\uff02\uff07" + "".join(map(chr, range(0x2018, 0x2020)))
FULL_WIDTH = "".join(map(chr, range(0xFF01, 0xFF5F)))
HALF_WIDTH = "".join(map(chr, range(0x21, 0x7F)))
NO_WIDTH = "[\\x{FEFF}\\x{200B}-\\x{200D}\\x{2060}\\x{AD}]"


def cleaned_sql(value: str) -> str:
    """SQL of a text in lower case, its full-width signs made plain, without signs of no width."""
    wide = f"translate({value}, {literal(FULL_WIDTH)}, {literal(HALF_WIDTH)})"
    return f"lower(regexp_replace({wide}, '{NO_WIDTH}', '', 'g'))"


def null_word_sql(value: str, words: frozenset[str] = NULL_WORDS) -> str:
    """SQL that is true for a word for nothing, whichever way it is written, also if repeated.

    Args:
        value: SQL of a text.
        words: which words, in lower case and without accents.
    """
    bare = f"trim(strip_accents({cleaned_sql(value)}), {literal('<>()[]{} ' + QUOTES)})"
    spaced = rf"regexp_replace({bare}, '[\s_,;|-]+', ' ', 'g')"
    several = rf"string_split({spaced}, ' ')"
    return (
        f"({_is_one_of(bare, words)} or {_is_one_of(spaced, words)} "
        f"or regexp_full_match({bare}, '{SHEET_ERROR}') "
        f"or regexp_full_match({spaced}, '{NOT_GIVEN}') "
        f"or (contains({spaced}, ' ') and list_has_all({_list(words)}, {several})))"
    )


def _list(words: frozenset[str]) -> str:
    return "[" + ", ".join(literal(word) for word in sorted(words)) + "]"


def _is_one_of(value: str, words: frozenset[str]) -> str:
    # Not `in (...)`: DuckDB 2.0 joins every row to such a list, before it looks at the case.
    return f"list_contains({_list(words)}, {value})"


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
    bare = f"trim(strip_accents({cleaned_sql(value)}), {literal('<>()[]{} ' + QUOTES)})"
    spaced = rf"regexp_replace({bare}, '[\s_-]+', ' ', 'g')"
    null_word = null_word_sql(value)
    if role not in WHO_ROLES:
        things = null_word_sql(value, NULL_WORDS - WORDS_OF_THINGS)
        null_word = rf"({things} or (regexp_matches({value}, '^[<(\[{{]') and {null_word}))"
    cases: list[tuple[str, str]] = []  # the first one that is true decides
    if role in KEY_ROLES:
        cases.append((f"{value} is null", "empty"))
    if role in WHO_ROLES:
        cases += [
            (_is_one_of(f"lower({value})", EMPTY_DIGESTS), "placeholder"),
            (f"regexp_full_match(lower({value}), '{ONE_SIGN}')", "placeholder"),
            (f"regexp_full_match(lower({value}), '{NUMBERED}')", "placeholder"),
        ]
    cases.append((f"regexp_full_match({value}, '{PLAIN_KEY}')", ""))
    if role in WHO_ROLES:
        cases += [
            (f"regexp_matches(lower({value}), '^({PLACEHOLDER_MAILBOXES})@')", "placeholder"),
            (
                f"contains({bare}, '@') and list_has_all({_list(NULL_WORDS)}, "
                f"string_split(regexp_replace({bare}, '[.][a-z]+$', ''), '@'))",
                "placeholder",
            ),
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
            (null_word, "null_word"),
            (rf"not regexp_matches({value}, '[\p{{L}}\p{{N}}]')", "no_letter"),
        ]
    if role in WHO_ROLES:
        cases += [
            (f"regexp_full_match({bare}, '{ONE_SIGN}')", "placeholder"),
            (f"regexp_full_match({spaced}, '{NUMBERED}')", "placeholder"),
            (_is_one_of(bare, PLACEHOLDERS), "placeholder"),
            (_is_one_of(spaced, PLACEHOLDERS), "placeholder"),
            (f"regexp_full_match({bare}, 'x{{2,}}')", "placeholder"),
        ]
    if role == PERSON:
        cases.append((rf"regexp_full_match({bare}, '[-+]?[0.\-]*0[0.\-]*')", "placeholder"))
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
