(function_declaration name: (identifier) @name body: (_)? @body) @function
(method_declaration
  receiver: (parameter_list (parameter_declaration type: [
    (type_identifier) @owner
    (generic_type type: (type_identifier) @owner)
    (pointer_type [
      (type_identifier) @owner
      (generic_type type: (type_identifier) @owner)])]))
  name: (field_identifier) @name
  body: (_)? @body) @method

(type_spec name: (type_identifier) @name type: (struct_type (_) @body)) @struct
(type_spec name: (type_identifier) @name type: (interface_type)) @interface
(type_spec name: (type_identifier) @name) @type
(type_alias name: (type_identifier) @name) @type
(field_declaration name: (field_identifier) @name) @field
(method_elem name: (field_identifier) @name) @method

(source_file (const_declaration (const_spec name: (identifier) @name) @constant))
(source_file (var_declaration [
  (var_spec name: (identifier) @name) @variable
  (var_spec_list (var_spec name: (identifier) @name) @variable)]))

(comment) @comment
[(identifier) (type_identifier) (field_identifier) (package_identifier)] @reference

(parameter_declaration name: (identifier) @local)
(variadic_parameter_declaration name: (identifier) @local)
(short_var_declaration left: (expression_list (identifier) @local))
(var_spec name: (identifier) @local)
(const_spec name: (identifier) @local)
(range_clause left: (expression_list (identifier) @local))
(receive_statement left: (expression_list (identifier) @local))
(type_switch_statement alias: (expression_list (identifier) @local))
(func_literal) @scope
(keyed_element . (literal_element (identifier) @member))

(import_spec name: (_)? @bound path: (_) @source) @import
