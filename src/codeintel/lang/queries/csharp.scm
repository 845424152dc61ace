(class_declaration name: (_) @name body: (_)? @body) @class
(record_declaration name: (_) @name body: (_)? @body) @class
(struct_declaration name: (_) @name body: (_)? @body) @struct
(interface_declaration name: (_) @name body: (_)? @body) @interface
(enum_declaration name: (_) @name body: (_) @body) @enum
(enum_member_declaration name: (_) @name) @constant
(namespace_declaration name: (_) @name body: (_) @body) @module
(delegate_declaration name: (_) @name) @type
(method_declaration name: (_) @name body: (_)? @body) @method
(local_function_statement name: (_) @name body: (_)? @body) @function
(constructor_declaration name: (_) @name body: (_)? @body) @constructor
(property_declaration name: (_) @name accessors: (_)? @body) @property
(event_declaration name: (_) @name) @property
(event_field_declaration (variable_declaration (variable_declarator name: (_) @name))) @field
(field_declaration (variable_declaration (variable_declarator name: (_) @name))) @field

(comment) @comment
(identifier) @reference

(parameter name: (identifier) @local)
(local_declaration_statement
  (variable_declaration (variable_declarator name: (identifier) @local)))
(using_statement (variable_declaration (variable_declarator name: (identifier) @local)))
(foreach_statement left: (identifier) @local)
(tuple_pattern name: (identifier) @local)
(parameter_list name: (identifier) @local)
(from_clause name: (identifier) @local)
(for_statement (variable_declaration (variable_declarator name: (identifier) @local)))
(catch_declaration name: (identifier) @local)
(declaration_expression name: (identifier) @local)
(declaration_pattern name: (identifier) @local)
(implicit_parameter) @local
[(lambda_expression) (anonymous_method_expression) (accessor_declaration)] @scope

(using_directive (_) @source) @import
