"""The event classifier: which domain the problem of a log line or an event belongs to, with a probability.

``load`` brings the shipped model or another one, `Classifier.predict` classifies texts made by `text_of`, and
`RecordClassifier` takes records as readers give them, quickly.
"""

from podlore.classify.classifier import Classified, Classifier
from podlore.classify.model_file import load
from podlore.classify.record_classifier import RecordClassifier
from podlore.classify.text_of import text_of

__all__ = ["Classified", "Classifier", "RecordClassifier", "load", "text_of"]
