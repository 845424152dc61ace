(section (atx_heading heading_content: (_) @name) @body) @section
(setext_heading heading_content: (_) @name) @section
