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
((assignment
  left: (attribute object: (identifier) @_self attribute: (identifier) @name)) @field
  (#eq? @_self "self"))

(comment) @comment
(identifier) @reference

(parameters [
  (identifier) @local
  (default_parameter name: (identifier) @local)
  (typed_parameter . (identifier) @local)
  (typed_default_parameter name: (identifier) @local)
  (_ (list_splat_pattern (identifier) @local))
  (_ (dictionary_splat_pattern (identifier) @local))])
(lambda_parameters [
  (identifier) @local
  (default_parameter name: (identifier) @local)])
[(list_splat_pattern (identifier) @local) (dictionary_splat_pattern (identifier) @local)]
(assignment left: (identifier) @local)
(augmented_assignment left: (identifier) @local)
(named_expression name: (identifier) @local)
(for_statement left: (identifier) @local)
(for_in_clause left: (identifier) @local)
[(pattern_list (identifier) @local) (tuple_pattern (identifier) @local)]
(as_pattern_target (identifier) @local)
(as_pattern_target [(tuple (identifier) @local) (list (identifier) @local)])
(case_pattern (dotted_name . (identifier) @local .))
(case_pattern (as_pattern (case_pattern) (identifier) @local))
(splat_pattern (identifier) @local)
(keyword_pattern (identifier) (dotted_name . (identifier) @local .))
(global_statement (identifier) @global)
(nonlocal_statement (identifier) @global)
[
  (lambda)
  (list_comprehension)
  (set_comprehension)
  (dictionary_comprehension)
  (generator_expression)] @scope
(keyword_argument name: (identifier) @member)

(import_statement name: (dotted_name) @source) @import
(import_statement name: (aliased_import
  name: (dotted_name) @source alias: (identifier) @bound)) @import
(import_from_statement
  module_name: (_) @source name: (dotted_name (identifier) @original)) @import
(import_from_statement
  module_name: (_) @source
  name: (aliased_import name: (dotted_name (identifier) @original) alias: (_) @bound)) @import
(import_from_statement module_name: (_) @source (wildcard_import) @original) @import
