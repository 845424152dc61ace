(function_declarator declarator: (identifier) @name) @declared

(type_definition
  type: (struct_specifier !name body: (_) @body) declarator: (type_identifier) @name) @struct
(type_definition
  type: (union_specifier !name body: (_) @body) declarator: (type_identifier) @name) @struct
(type_definition
  type: (enum_specifier !name body: (_) @body) declarator: (type_identifier) @name) @enum
(type_definition declarator: [
  (type_identifier) @name
  (pointer_declarator declarator: (type_identifier) @name)
  (function_declarator declarator: (parenthesized_declarator
    (pointer_declarator declarator: (type_identifier) @name)))]) @type
(struct_specifier name: (_) @name body: (_) @body) @struct
(union_specifier name: (_) @name body: (_) @body) @struct
(enum_specifier name: (_) @name body: (_) @body) @enum
(enumerator name: (_) @name) @constant
(field_declaration declarator: [
  (field_identifier) @name
  (pointer_declarator declarator: (field_identifier) @name)
  (array_declarator declarator: (field_identifier) @name)
  (function_declarator declarator: (parenthesized_declarator
    (pointer_declarator declarator: (field_identifier) @name)))]) @field
(declaration declarator: [
  (identifier) @name
  (init_declarator declarator: [
    (identifier) @name
    (pointer_declarator declarator: (identifier) @name)
    (array_declarator declarator: (identifier) @name)
    (pointer_declarator declarator: (array_declarator declarator: (identifier) @name))])
  (pointer_declarator declarator: (identifier) @name)
  (array_declarator declarator: (identifier) @name)]) @variable

(preproc_def name: (_) @name value: (_)) @macro
(preproc_function_def name: (_) @name) @macro

(comment) @comment
[(identifier) (type_identifier) (field_identifier)] @reference

(parameter_declaration declarator: [
  (identifier) @local
  (pointer_declarator declarator: (identifier) @local)
  (pointer_declarator declarator: (pointer_declarator declarator: (identifier) @local))
  (array_declarator declarator: (identifier) @local)
  (function_declarator declarator: (parenthesized_declarator
    (pointer_declarator declarator: (identifier) @local)))])
(preproc_params (identifier) @local)

(preproc_include path: (_) @source) @import
