"""The event classifier: which domain the problem of a log line or an event belongs to, with a probability.

``load`` brings the shipped model or another one, `Classifier.predict` classifies texts made by `text_of`.
"""

from podlore.classify.classifier import Classified, Classifier
from podlore.classify.model_file import load
from podlore.classify.text_of import text_of

__all__ = ["Classified", "Classifier", "load", "text_of"]
