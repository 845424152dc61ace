(struct_item name: (_) @name body: (_)? @body) @struct
(union_item name: (_) @name body: (_) @body) @struct
(enum_item name: (_) @name body: (_) @body) @enum
(enum_variant name: (_) @name) @constant
(trait_item name: (_) @name body: (_) @body) @trait
(type_item name: (_) @name) @type
(associated_type name: (_) @name) @type
(mod_item name: (_) @name body: (_)? @body) @module
(macro_definition name: (_) @name) @macro
(function_item name: (_) @name body: (_) @body) @function
(function_signature_item name: (_) @name) @function
(const_item name: (_) @name) @constant
(static_item name: (_) @name) @variable
(field_declaration name: (_) @name) @field
(impl_item !trait type: [
  (type_identifier) @name
  (generic_type type: (type_identifier) @name)
  (scoped_type_identifier name: (_) @name)]) @container
(impl_item trait: (_) type: [
  (type_identifier) @name
  (generic_type type: (type_identifier) @name)
  (scoped_type_identifier name: (_) @name)
  (reference_type type: (_) @name)
  (primitive_type) @name
  (array_type) @name
  (tuple_type) @name
  (dynamic_type trait: (_) @name)]) @implementation

[(line_comment) (block_comment)] @comment
(attribute_item) @attribute
[(identifier) (type_identifier) (field_identifier) (shorthand_field_identifier)] @reference

(parameter pattern: (identifier) @local)
(let_declaration pattern: (identifier) @local)
(let_condition pattern: (identifier) @local)
(for_expression pattern: (identifier) @local)
(closure_parameters (identifier) @local)
(tuple_pattern (identifier) @local)
(slice_pattern (identifier) @local)
((match_pattern (identifier) @local) (#match? @local "^[a-z_]"))
(tuple_struct_pattern type: (_) (identifier) @local)
[(ref_pattern (identifier) @local)
 (mut_pattern (identifier) @local)
 (reference_pattern (identifier) @local)
 (captured_pattern . (identifier) @local)]
(field_pattern name: (shorthand_field_identifier) @local)
(field_pattern pattern: (identifier) @local)
(closure_expression) @scope

(mod_item name: (_) @source !body) @import
(scoped_use_list
  path: (_) @source
  list: (use_list (use_as_clause path: (_) @original alias: (_) @bound))) @import
(use_declaration argument: (scoped_identifier path: (_) @source name: (_) @original)) @import
(scoped_use_list path: (_) @source list: (use_list (identifier) @original)) @import
(use_as_clause path: (scoped_identifier path: (_) @source name: (_) @original) alias: (_) @bound)
  @import
