(variable_declaration . (identifier) @name (struct_declaration)) @struct
(variable_declaration . (identifier) @name (opaque_declaration)) @struct
(variable_declaration . (identifier) @name (union_declaration)) @struct
(variable_declaration . (identifier) @name (enum_declaration)) @enum
(variable_declaration . (identifier) @name (error_set_declaration)) @enum
(variable_declaration . (identifier) @name) @variable
(enum_declaration (container_field name: (identifier) @name) @constant)
(container_field name: (identifier) @name) @field
(function_declaration name: (identifier) @name body: (_)? @body) @function
(test_declaration [(string (string_content) @name) (identifier) @name] (block) @body) @function

(comment) @comment
(identifier) @reference

(parameter name: (identifier) @local)
(payload (identifier) @local)

((variable_declaration
  . (identifier) @bound
  (builtin_function
    (builtin_identifier) @_import
    (arguments (string (string_content) @source)))) @import
  (#eq? @_import "@import"))
