"""BCF 2.1 and 3.0 (BIM Collaboration Format): issues of a model as an archive, read and written.

`bim.bcf.values` and `bim.bcf.write` load no IFC library; reading is for the process of `bim.checks.child`, because
an archive from outside is hostile until proved otherwise.
"""
