"""Placeholder forms: a small real file for every form that a record names."""

from __future__ import annotations

import io
import zipfile

from troly.text import strip_accents

_DOCX = {
    "[Content_Types].xml": (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/word/document.xml" ContentType="application/'
        'vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
    ),
    "_rels/.rels": (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="r1" Target="word/document.xml" Type="http://schemas.openxmlformats.org/'
        'officeDocument/2006/relationships/officeDocument"/></Relationships>'
    ),
    "word/document.xml": (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
        "<w:p><w:r><w:t>{title}</w:t></w:r></w:p></w:body></w:document>"
    ),
}


def placeholder(file_name: str) -> tuple[bytes, str]:
    """The file's content and media type; the kind follows the name's ending (.docx, .pdf, else RTF)."""
    stem, _, ending = file_name.rpartition(".")
    title = f"{strip_accents(stem or file_name)} (demo portal: placeholder, not an official form)"
    # Plain letters only: each of the three formats escapes others in its own way.
    safe = "".join(
        letter if letter.isascii() and letter.isalnum() else " " if letter not in "(),:." else letter
        for letter in title
    )
    if ending.lower() == "docx":
        return _docx(safe), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    if ending.lower() == "pdf":
        return _pdf(safe), "application/pdf"
    return rb"{\rtf1\ansi " + safe.encode() + b"}", "application/rtf"


def _docx(title: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _DOCX.items():
            archive.writestr(name, content.replace("{title}", title))
    return packed.getvalue()


def _pdf(title: str) -> bytes:
    words = title.replace("(", "").replace(")", "").encode()
    drawing = b"BT /F1 12 Tf 40 780 Td (" + words + b") Tj ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%b\nendstream" % (len(drawing), drawing),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj%b endobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return (
        body
        + b"xref\n0 %d\n0000000000 65535 f \n%btrailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
        % (
            size,
            table,
            size,
            len(body),
        )
    )
