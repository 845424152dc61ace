(class_definition name: (_) @name body: (_)? @body) @class
(object_definition name: (_) @name body: (_)? @body) @class
(trait_definition name: (_) @name body: (_)? @body) @trait
(enum_definition name: (_) @name body: (_)? @body) @enum
(simple_enum_case name: (_) @name) @constant
(full_enum_case name: (_) @name) @constant
(type_definition name: (_) @name) @type
(given_definition name: (_) @name body: (_)? @body) @class
(function_definition name: (_) @name body: (_) @body) @function
(function_declaration name: (_) @name) @function
(val_definition pattern: (identifier) @name) @variable
(val_declaration name: (identifier) @name) @variable
(var_definition pattern: (identifier) @name) @variable
(var_declaration name: (identifier) @name) @variable

[(comment) (block_comment)] @comment
[(identifier) (type_identifier)] @reference

(parameter name: (identifier) @local)
(binding name: (identifier) @local)
(enumerator . (identifier) @local)
(lambda_expression parameters: (identifier) @local)
(lambda_expression) @scope

(import_declaration) @source @import
