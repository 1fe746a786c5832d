"""Images, label maps and surfaces in and out: reading, checking and writing, nothing else."""

from enbloc.images.contradictions import fitting_schemes, scheme_contradictions
from enbloc.images.finding import Finding
from enbloc.images.load import load_images
from enbloc.images.look import look
from enbloc.images.write import write_labels

__all__ = ["Finding", "fitting_schemes", "load_images", "look", "scheme_contradictions", "write_labels"]
