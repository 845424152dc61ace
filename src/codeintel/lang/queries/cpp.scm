(class_specifier name: (_) @name body: (_) @body) @class
(struct_specifier name: (_) @name body: (_) @body) @struct
(union_specifier name: (_) @name body: (_) @body) @struct
(enum_specifier name: (_) @name body: (_) @body) @enum
(enumerator name: (_) @name) @constant
(namespace_definition name: (_) @name body: (_) @body) @module
(concept_definition name: (_) @name) @type
(alias_declaration name: (_) @name) @type
(type_definition
  type: (struct_specifier !name body: (_) @body) declarator: (type_identifier) @name) @struct
(type_definition
  type: (enum_specifier !name body: (_) @body) declarator: (type_identifier) @name) @enum
(type_definition declarator: [
  (type_identifier) @name
  (pointer_declarator declarator: (type_identifier) @name)
  (function_declarator declarator: (parenthesized_declarator
    (pointer_declarator declarator: (type_identifier) @name)))]) @type

(function_declarator
  declarator: [
    (identifier) @name
    (field_identifier) @name
    (destructor_name) @name
    (operator_name) @name
    (template_function name: (_) @name)
    (qualified_identifier scope: (_) @owner name: [
      (identifier) @name
      (destructor_name) @name
      (operator_name) @name
      (template_function name: (_) @name)
      (qualified_identifier scope: (_) @owner name: [
        (identifier) @name
        (destructor_name) @name
        (operator_name) @name
        (template_function name: (_) @name)
        (qualified_identifier scope: (_) @owner name: (_) @name)])])]) @declared
(function_definition declarator: (operator_cast) @name body: (_) @body) @function

(field_declaration declarator: [
  (field_identifier) @name
  (pointer_declarator declarator: (field_identifier) @name)
  (reference_declarator (field_identifier) @name)
  (array_declarator declarator: (field_identifier) @name)
  (function_declarator declarator: (parenthesized_declarator
    (pointer_declarator declarator: (field_identifier) @name)))]) @field
(declaration declarator: [
  (identifier) @name
  (init_declarator declarator: [
    (identifier) @name
    (pointer_declarator declarator: (identifier) @name)
    (reference_declarator (identifier) @name)
    (array_declarator declarator: (identifier) @name)
    (pointer_declarator declarator: (array_declarator declarator: (identifier) @name))
    (qualified_identifier scope: (_) @owner name: (identifier) @name)])
  (pointer_declarator declarator: (identifier) @name)
  (reference_declarator (identifier) @name)
  (array_declarator declarator: (identifier) @name)]) @variable

(preproc_def name: (_) @name value: (_)) @macro
(preproc_function_def name: (_) @name) @macro

(access_specifier) @access
(comment) @comment
[(identifier) (type_identifier) (field_identifier) (namespace_identifier)] @reference

(parameter_declaration declarator: [
  (identifier) @local
  (pointer_declarator declarator: (identifier) @local)
  (pointer_declarator declarator: (pointer_declarator declarator: (identifier) @local))
  (array_declarator declarator: (identifier) @local)
  (function_declarator declarator: (parenthesized_declarator
    (pointer_declarator declarator: (identifier) @local)))])
(preproc_params (identifier) @local)
(parameter_declaration declarator: (reference_declarator (identifier) @local))
(optional_parameter_declaration declarator: [
  (identifier) @local
  (pointer_declarator declarator: (identifier) @local)
  (reference_declarator (identifier) @local)])
(for_range_loop declarator: [(identifier) @local (reference_declarator (identifier) @local)])
(structured_binding_declarator (identifier) @local)
(type_parameter_declaration (type_identifier) @local)
(lambda_expression) @scope

(preproc_include path: (_) @source) @import
