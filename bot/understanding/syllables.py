"""What a Vietnamese syllable looks like without its marks."""

from __future__ import annotations

import re

_ONSET = r"(?:ngh|ng|nh|ch|gh|gi|kh|ph|qu|th|tr|[bcdghklmnpqrstvx])?"
_RIME = (
    r"(?:(?:a|e|i|o|u|y|ia|ie|oa|oe|oo|ua|ue|uo|uy|uye|uya|ye|ya)(?:ch|nh|ng|[cmnpt])?"
    r"|(?:ai|ao|au|ay|eo|eu|ia|ieu|iu|oai|oay|oeo|oi|oao|ua|ui|uoi|uou|uu|uay|uyu|uya|yeu|oui))"
)
_SYLLABLE = re.compile(_ONSET + _RIME)


def vietnamese_shaped(word: str) -> bool:
    """True where the bare, lower-case word could be a Vietnamese syllable ("nghieng", not "need")."""
    return _SYLLABLE.fullmatch(word) is not None
