"""The public LGG data set, downloaded or taken from a file, as one folder that is whole or absent."""

from gliascope.dataset.fetch.fetch import CITATION, FOLDER, LICENCE, Fetched, fetch_data
from gliascope.dataset.fetch.kaggle import HANDLE, PAGE

__all__ = ["CITATION", "FOLDER", "HANDLE", "LICENCE", "PAGE", "Fetched", "fetch_data"]
