((element (start_tag (attribute
  (attribute_name) @_id
  (quoted_attribute_value (attribute_value) @name)))) @section
  (#eq? @_id "id"))
((element (start_tag (tag_name) @_tag) (text) @name) @section
  (#match? @_tag "^(h[1-6]|title)$"))

(comment) @comment
