"""Sphinx configuration: `make docs`. Nothing is fetched while building."""

import jupyter_telemetry

project = "jupyter_telemetry"
author = "The jupyter_telemetry contributors"
copyright = "the jupyter_telemetry contributors"
version = release = jupyter_telemetry.__version__

extensions = ["myst_parser", "sphinx_copybutton"]
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown"}
nitpicky = True
# What is named in signatures and stands in no page of ours.
nitpick_ignore_regex = [("py:.*", r"(?!jupyter_telemetry\.).*")]

myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

highlight_language = "python"
python_use_unqualified_type_names = True
toc_object_entries_show_parents = "hide"
add_module_names = False
copybutton_prompt_text = r"\$ "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True

html_theme = "pydata_sphinx_theme"
html_title = "jupyter_telemetry"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "github_url": "https://github.com/jupyter/telemetry",
    "use_edit_page_button": False,
    "show_prev_next": True,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
