(class_definition
  name: (identifier) @name
  body: (block . (expression_statement (string) @doc)?) @body) @class

(function_definition
  name: (identifier) @name
  body: (block . (expression_statement (string) @doc)?) @body) @function

(type_alias_statement left: (type (identifier) @name)) @type

(module (expression_statement (assignment left: (identifier) @name) @variable))
(module [
  (if_statement [
    (block (expression_statement (assignment left: (identifier) @name) @variable))
    (else_clause (block (expression_statement (assignment left: (identifier) @name) @variable)))])
  (try_statement [
    (block (expression_statement (assignment left: (identifier) @name) @variable))
    (except_clause (block (expression_statement (assignment left: (identifier) @name) @variable)))
    (else_clause (block (expression_statement (assignment left: (identifier) @name) @variable)))])])
(class_definition
  body: (block (expression_statement (assignment left: (identifier) @name) @variable)))
((function_definition
  name: (identifier) @_init
  body: (block (expression_statement (assignment
    left: (attribute object: (identifier) @_self attribute: (identifier) @name)) @field)))
  (#eq? @_init "__init__") (#eq? @_self "self"))

(comment) @comment
(identifier) @reference
