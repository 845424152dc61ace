(class_declaration name: (_) @name body: (_) @body) @class
(abstract_class_declaration name: (_) @name body: (_) @body) @class
(variable_declarator name: (identifier) @name value: (class body: (_) @body)) @class
(interface_declaration name: (_) @name body: (_) @body) @interface
(enum_declaration name: (_) @name body: (_) @body) @enum
(type_alias_declaration name: (_) @name) @type
(internal_module name: (_) @name body: (_) @body) @module
(module name: (_) @name body: (_) @body) @module

(function_declaration name: (identifier) @name body: (_) @body) @function
(generator_function_declaration name: (identifier) @name body: (_) @body) @function
(function_signature name: (identifier) @name) @function
(variable_declarator
  name: (identifier) @name
  value: [
    (arrow_function body: (_) @body)
    (function_expression body: (_) @body)
    (generator_function body: (_) @body)]) @function
(assignment_expression
  left: (member_expression object: (_) @owner property: (property_identifier) @name)
  right: [
    (arrow_function body: (_) @body)
    (function_expression body: (_) @body)]) @function

(method_definition name: (_) @name body: (_) @body) @method
(method_signature name: (_) @name) @method
(abstract_method_signature name: (_) @name) @method
(pair
  key: (property_identifier) @name
  value: [
    (arrow_function body: (_) @body)
    (function_expression body: (_) @body)]) @method
(public_field_definition
  name: (_) @name
  value: [
    (arrow_function body: (_) @body)
    (function_expression body: (_) @body)]) @method
(public_field_definition name: (_) @name) @field
(required_parameter (accessibility_modifier) pattern: (identifier) @name) @field
(property_signature name: (_) @name) @property
(enum_body name: (_) @name @constant)
(enum_body (enum_assignment name: (_) @name) @constant)

(program [
  (lexical_declaration (variable_declarator name: (identifier) @name) @variable)
  (variable_declaration (variable_declarator name: (identifier) @name) @variable)
  (export_statement (lexical_declaration (variable_declarator name: (identifier) @name) @variable))
  (export_statement
    (variable_declaration (variable_declarator name: (identifier) @name) @variable))])

(comment) @comment
[
  (identifier)
  (type_identifier)
  (property_identifier)
  (private_property_identifier)
  (shorthand_property_identifier)
  (shorthand_property_identifier_pattern)] @reference

[(required_parameter pattern: (identifier) @local) (optional_parameter pattern: (identifier) @local)]
(type_parameter name: (type_identifier) @local)
(variable_declarator name: (identifier) @local)
(arrow_function parameter: (identifier) @local)
[(object_pattern (shorthand_property_identifier_pattern) @local)
 (object_assignment_pattern left: (shorthand_property_identifier_pattern) @local)
 (pair_pattern value: (identifier) @local)
 (pair_pattern value: (assignment_pattern left: (identifier) @local))
 (array_pattern (identifier) @local)
 (array_pattern (assignment_pattern left: (identifier) @local))
 (rest_pattern (identifier) @local)]
(for_in_statement left: (identifier) @local)
(catch_clause parameter: (identifier) @local)
[(arrow_function) (function_expression) (generator_function)] @scope

(import_statement
  (import_clause (identifier) @bound)
  source: (string (string_fragment) @source)) @import
(import_statement
  (import_clause (namespace_import (identifier) @bound))
  source: (string (string_fragment) @source)) @import
(import_statement
  (import_clause (named_imports (import_specifier name: (_) @original alias: (_)? @bound)))
  source: (string (string_fragment) @source)) @import
(export_statement
  (export_clause (export_specifier name: (_) @original alias: (_)? @bound))
  source: (string (string_fragment) @source)) @import
(export_statement "*" @original source: (string (string_fragment) @source)) @import
((variable_declarator
  name: [
    (identifier) @bound
    (object_pattern (shorthand_property_identifier_pattern) @original)
    (object_pattern (pair_pattern key: (_) @original value: (identifier) @bound))]
  value: (call_expression
    function: (identifier) @_require
    arguments: (arguments . (string (string_fragment) @source)))) @import
  (#eq? @_require "require"))
