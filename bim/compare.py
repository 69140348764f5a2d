"""By what two revisions of an element are told apart: hashes of its content that survive a new export."""

import hashlib
from typing import Any

import orjson

_SORTED = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
_DIGITS = ".9g"  # what a writer keeps of a number in any program; the rest is noise of printing and parsing
_OWN_ID = "\x00own"  # no cleaned text holds NUL
_DIGEST_BYTES = 16
_CONTAINERS = frozenset((dict, list, tuple))


def compute_content_hash(content: Any, own_ids: frozenset[str] = frozenset()) -> str:
    """Compute the hash of JSON-like content: keys in any order, numbers to nine digits.

    Parameters
    ----------
    content
        Dictionaries, lists, texts and numbers.
    own_ids : frozenset of str
        GlobalIds of the element and its type. Authoring tools repeat them among the properties; there they say
        nothing but that the GlobalId is another.

    Examples
    --------
    >>> one = compute_content_hash({"耐火": "2h", "长": 0.30000000000000004})
    >>> one == compute_content_hash({"长": 0.3, "耐火": "2h"})
    True
    >>> ours, theirs = frozenset({"1hOzVdw$j"}), frozenset({"2mPqTTxkr"})
    >>> compute_content_hash(["1hOzVdw$j"], ours) == compute_content_hash(["2mPqTTxkr"], theirs)
    True
    """
    data = orjson.dumps(_plain(content, own_ids), option=_SORTED)
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).hexdigest()


def compute_signature(ifc_class: str, name: str | None, type_name: str | None, psets_hash: str) -> str:
    """Compute the hash by which the same content is found again under a renewed GlobalId.

    Examples
    --------
    >>> compute_signature("IfcWall", "墙", None, "a") == compute_signature("IfcWall", "墙", None, "b")
    False
    """
    data = orjson.dumps([ifc_class, name, type_name, psets_hash])
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).hexdigest()


def _plain(value: Any, own_ids: frozenset[str]) -> Any:
    kind = type(value)
    if kind is dict:
        # Leaves in place: this runs over every property of every element.
        plain = {}
        for key, each in value.items():
            of = type(each)
            if of is str:
                plain[key] = _OWN_ID if each in own_ids else each
            elif of is float:
                plain[key] = float(format(each, _DIGITS))
            else:
                plain[key] = _plain(each, own_ids) if of in _CONTAINERS else each
        return plain
    if kind is list or kind is tuple:
        return [_plain(each, own_ids) for each in value]
    if kind is str:
        return _OWN_ID if value in own_ids else value
    return float(format(value, _DIGITS)) if kind is float else value
