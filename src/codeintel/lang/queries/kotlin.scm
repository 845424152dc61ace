(class_declaration "interface" name: (identifier) @name (class_body)? @body) @interface
(class_declaration "class" name: (identifier) @name (enum_class_body) @body) @enum
(class_declaration "class" name: (identifier) @name (class_body)? @body) @class
(object_declaration name: (identifier) @name (class_body)? @body) @class
(enum_entry (identifier) @name) @constant
(type_alias type: (identifier) @name) @type
(function_declaration name: (identifier) @name (function_body)? @body) @function
(secondary_constructor "constructor" @name (block)? @body) @constructor
(property_declaration (variable_declaration (identifier) @name)) @variable
(class_parameter ["val" "var"] (identifier) @name) @property

[(line_comment) (block_comment)] @comment
(identifier) @reference

(parameter (identifier) @local)
(class_parameter (identifier) @local)
(lambda_parameters (variable_declaration (identifier) @local))
(multi_variable_declaration (variable_declaration (identifier) @local))
(for_statement (variable_declaration (identifier) @local))
(catch_block (identifier) @local)
(lambda_literal) @scope

(import (qualified_identifier) @source) @import
