"""Configuration of the documentation: make docs builds it offline, with warnings as errors."""

import os
import sys
from pathlib import Path

from deepstep import __version__

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))
os.environ["JUPYTER_PATH"] = str(HERE / "_ext" / "jupyter")  # the kernel of cells

project = "DeepStep"
author = "The DeepStep authors"
project_copyright = "The DeepStep authors. Code: BSD-3-Clause. Texts of the course and the lessons: CC BY 4.0"
version = release = __version__
language = "en"

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_nb",
    "sphinx_copybutton",
    "mathml",
    "drawings",
    "questions",
    "course",
    "included",
    "reference",
    "downloads",
    "chapter_heads",
    "explorers",
]
exclude_patterns = ["_ext", "_static", "_templates", "lessons/[!i]*.md", "lessons/i[!n]*.md"]  # all but index
templates_path = ["_templates"]
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb"}

# Markdown and its cells; those that only draw have the tag hide-input
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "deflist", "attrs_block", "attrs_inline"]
myst_heading_anchors = 4
nb_execution_mode = "force"
nb_execution_timeout = 120
nb_execution_raise_on_error = False  # a failed cell is a warning, with the traceback
nb_execution_show_tb = True
nb_merge_streams = True
nb_code_prompt_show = "Show the {type} of this cell"
nb_code_prompt_hide = "Hide the {type} of this cell"
nb_render_markdown_format = "myst"  # tables in Markdown that cells display

# The reference
autosummary_generate = False
autodoc_typehints = "none"
autodoc_member_order = "groupwise"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
numpydoc_xref_param_type = False

# Pages: nothing is loaded from elsewhere
html_theme = "pydata_sphinx_theme"
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = [("site.js", {"defer": "defer"})]
html_title = "DeepStep"
html_context = {"default_mode": "light"}
html_show_sourcelink = False
html_copy_source = False
html_show_search_summary = False  # pages opened from files cannot be fetched
html_permalinks_icon = "#"
html_extra_path = ["_extra"] if (HERE / "_extra").is_dir() else []
ALONE = [
    "index", "start", "gallery", "try", "lessons/index", "bug_museum", "lecture", "comparison", "changelog",
]  # fmt: skip
html_sidebars = {page: [] for page in ALONE}  # pages without a section of their own
html_theme_options = {
    "navbar_end": ["theme-switcher"],
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "navigation_depth": 2,
    "show_nav_level": 1,
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
    "footer_start": ["copyright"],
    "footer_end": [],
    "primary_sidebar_end": [],
}
copybutton_exclude = ".linenos, .gp, .go"
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
