"""Draw the pictures of the two READMEs from the sample log. Run by ``python dev.py docs``.

The page of the plan is a picture of the .docx itself, so it needs LibreOffice and pdftoppm; without them the old
picture stays.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

import flowaudit as fa
from flowaudit.eventlog import sample_folder
from flowaudit.study import StudySettings, study

DOCS = Path(__file__).parent
PICTURES = DOCS / "pictures"
PAGES = 3
"""How many pages of the plan stand side by side."""


def plan_pages(docx: Path, folder: Path) -> list[Path]:
    """Return pictures of the pages of a document, in order; empty where the programs are not installed."""
    office, painter = shutil.which("soffice"), shutil.which("pdftoppm")
    if not office or not painter:
        print("LibreOffice or pdftoppm is not installed: docs/pictures/plan.png stays as it is")
        return []
    subprocess.run(
        [office, "--headless", "--convert-to", "pdf", "--outdir", str(folder), str(docx)],
        check=True,
        capture_output=True,
    )
    pdf = folder / f"{docx.stem}.pdf"
    subprocess.run([painter, "-r", "60", "-png", str(pdf), str(folder / "page")], check=True)
    return sorted(folder.glob("page-*.png"))


def side_by_side(pages: list[Path], target: Path) -> None:
    """Paste pictures beside each other on a grey ground."""
    pictures = [Image.open(page) for page in pages]
    gap = 12
    width = sum(p.width + gap for p in pictures) + gap
    sheet = Image.new("RGB", (width, max(p.height for p in pictures) + 2 * gap), (225, 225, 225))
    x = gap
    for picture in pictures:
        sheet.paste(picture, (x, gap))
        x += picture.width + gap
    sheet.save(target, optimize=True)


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    log = fa.load_sample("restaurant")
    catalogue = fa.read_catalogue(sample_folder("restaurant") / "catalogue")
    made = study(log, catalogue, settings=StudySettings(title="开办餐饮店"))
    fa.draw(made.as_is, lang="zh").save(PICTURES / "as_is.png")
    fa.draw(fa.waiting_causes(log), lang="zh").save(PICTURES / "waiting.png")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fa.plan(made).save(folder / "plan.docx")
        pages = plan_pages(folder / "plan.docx", folder)
        # The first page, the as-is map, and the table of what is expected.
        wanted = [pages[i] for i in (0, 3, 31) if i < len(pages)][:PAGES]
        if wanted:
            side_by_side(wanted, PICTURES / "plan.png")


if __name__ == "__main__":
    main()
