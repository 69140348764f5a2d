"""Editing the map layers: create, replace, update and delete features, for every door alike.

Plain functions in the caller's transaction; none commits. OGC API and the Esri service call the same ones.
"""

from twin.editing.edit import create_feature, delete_feature, replace_feature, update_feature
from twin.editing.feature import Abilities, Feature
from twin.editing.rights import abilities, feature_abilities, offered
from twin.editing.rows import feature_tag
from twin.editing.rules import WritableField, writable_fields
from twin.editing.together import edits_together

__all__ = [
    "Abilities",
    "Feature",
    "WritableField",
    "abilities",
    "create_feature",
    "delete_feature",
    "edits_together",
    "feature_abilities",
    "feature_tag",
    "offered",
    "replace_feature",
    "update_feature",
    "writable_fields",
]
