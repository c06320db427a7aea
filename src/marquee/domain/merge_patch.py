"""JSON Merge Patch (RFC 7386)."""

from collections.abc import Mapping


def merged(document: object, patch: object) -> object:
    """The document after the patch: objects are merged, null takes a member out, all else replaces.

    Neither argument is changed.
    """
    if not isinstance(patch, Mapping):
        return patch
    result = dict(document) if isinstance(document, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result
