(function_declaration
  name: [
    (identifier) @name
    (dot_index_expression table: (_) @owner field: (identifier) @name)
    (method_index_expression table: (_) @owner method: (identifier) @name)]
  parameters: (_)
  body: (_)? @body) @function
(assignment_statement
  (variable_list . name: [
    (identifier) @name
    (dot_index_expression table: (_) @owner field: (identifier) @name)])
  (expression_list . value: (function_definition body: (_)? @body))) @function
(field name: (identifier) @name value: (function_definition body: (_)? @body)) @method

(chunk [
  (variable_declaration
    (assignment_statement (variable_list name: (identifier) @name))) @variable
  (assignment_statement (variable_list name: [
    (identifier) @name
    (dot_index_expression table: (_) @owner field: (identifier) @name)])) @variable])

(comment) @comment
(identifier) @reference

(parameters name: (identifier) @local)
(variable_declaration [
  (variable_list name: (identifier) @local)
  (assignment_statement (variable_list name: (identifier) @local))])
(for_generic_clause (variable_list name: (identifier) @local))
(for_numeric_clause name: (identifier) @local)
(function_definition) @scope

((function_call
  name: (identifier) @_require
  arguments: (arguments . (string content: (string_content) @source))) @import
  (#eq? @_require "require"))
