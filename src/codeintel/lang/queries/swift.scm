(class_declaration "class" name: (type_identifier) @name body: (_) @body) @class
(class_declaration "actor" name: (type_identifier) @name body: (_) @body) @class
(class_declaration "struct" name: (type_identifier) @name body: (_) @body) @struct
(class_declaration "enum" name: (type_identifier) @name body: (_) @body) @enum
(class_declaration "extension" name: (user_type) @name) @container
(protocol_declaration name: (type_identifier) @name body: (_) @body) @interface
(protocol_function_declaration name: (simple_identifier) @name) @method
(protocol_property_declaration
  name: (pattern bound_identifier: (simple_identifier) @name)) @property
(enum_entry name: (simple_identifier) @name) @constant
(typealias_declaration name: (type_identifier) @name) @type
(associatedtype_declaration name: (type_identifier) @name) @type
(function_declaration name: (simple_identifier) @name body: (_) @body) @function
(init_declaration "init" @name body: (_)? @body) @constructor
(subscript_declaration "subscript" @name (computed_property)? @body) @method
(property_declaration
  name: (pattern bound_identifier: (simple_identifier) @name)
  computed_value: (_)? @body) @variable

[(comment) (multiline_comment)] @comment
[(simple_identifier) (type_identifier)] @reference

(parameter name: (simple_identifier) @local)
(lambda_parameter name: (simple_identifier) @local)
(for_statement item: (pattern bound_identifier: (simple_identifier) @local))
(if_statement bound_identifier: (simple_identifier) @local)
(guard_statement bound_identifier: (simple_identifier) @local)
(lambda_literal) @scope

(import_declaration (identifier) @source) @import
