"""The API group ``podlore.io``: what the API server holds, as pydantic models, and the way to the domain's nouns.

`v1alpha1` lists the kinds, `convert` translates to the domain's nouns and back, `identity` names objects, `keys` lists
labels and annotations, and `crd_schema` makes the CustomResourceDefinitions.
"""
