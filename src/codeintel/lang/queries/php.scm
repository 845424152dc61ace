(class_declaration name: (_) @name body: (_) @body) @class
(interface_declaration name: (_) @name body: (_) @body) @interface
(trait_declaration name: (_) @name body: (_) @body) @trait
(enum_declaration name: (_) @name body: (_) @body) @enum
(enum_case name: (_) @name) @constant
(namespace_definition name: (_) @name body: (_)? @body) @module
(method_declaration name: (_) @name body: (_)? @body) @method
(function_definition name: (_) @name body: (_) @body) @function
(const_declaration (const_element (name) @name)) @constant
((function_call_expression
  function: (name) @_define
  arguments: (arguments . (argument (string (string_content) @name)))) @constant
  (#eq? @_define "define"))
(property_declaration (property_element name: (variable_name (name) @name))) @field
(property_promotion_parameter name: (variable_name (name) @name)) @field

(comment) @comment
(name) @reference

(variable_name (name) @local)
(scoped_property_access_expression name: (variable_name (name) @member))
[(anonymous_function) (arrow_function)] @scope

(namespace_use_clause (qualified_name prefix: (_) @source (name) @original)) @import
