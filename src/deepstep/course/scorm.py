"""SCORM 1.2: a lesson's page as a package that a learning management system imports."""

import re
from importlib.resources import files
from io import BytesIO
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from deepstep.course.lesson import html_page
from deepstep.explorer.document import Document

PAGE = "index.html"
BEFORE_ZIP = (1980, 1, 1, 0, 0, 0)  # the same lesson gives the same bytes
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def manifest(document: Document) -> str:
    """The text of ``imsmanifest.xml``. The mastery score is left out where the lesson has no question."""
    text = (files("deepstep.course") / "imsmanifest.xml").read_text(encoding="utf-8")
    if not any("question" in scene for scene in document["scenes"]):
        text = re.sub(r" *<adlcp:masteryscore>.*\n", "", text)
    given = {
        name: escape(NOT_XML.sub("\ufffd", str(document[name]))) for name in ("id", "title", "passing_score")
    }
    return text.format(**given, page=PAGE)


def package(document: Document) -> bytes:
    """The bytes of the zip file: manifest and page."""
    content = BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as archive:
        for name, text in (("imsmanifest.xml", manifest(document)), (PAGE, html_page(document))):
            entry = ZipInfo(name, BEFORE_ZIP)
            entry.compress_type, entry.external_attr = ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, text.encode("utf-8", "replace"))
    return content.getvalue()
