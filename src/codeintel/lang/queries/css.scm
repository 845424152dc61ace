(rule_set (selectors) @name (block) @body) @section
(keyframes_statement (keyframes_name) @name (_) @body) @section
((declaration (property_name) @name) @variable
  (#match? @name "^--"))

(comment) @comment
[(class_name (identifier) @reference) (id_name) @reference]
