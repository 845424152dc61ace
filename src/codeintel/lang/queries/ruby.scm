(class name: [(constant) @name (scope_resolution scope: (_)? @owner name: (_) @name)]) @class
(module name: [(constant) @name (scope_resolution scope: (_)? @owner name: (_) @name)]) @module
(method name: (_) @name parameters: (_)? body: (_)? @body) @function
(singleton_method object: (_) @owner name: (_) @name body: (_)? @body) @method
(alias name: (_) @name) @function
(assignment left: (constant) @name) @constant
((call
  method: (identifier) @_attr
  arguments: (argument_list (simple_symbol) @name)) @property
  (#any-of? @_attr "attr_reader" "attr_writer" "attr_accessor"))

(body_statement
  (identifier) @access (#any-of? @access "private" "protected" "public"))
(comment) @comment
[(identifier) (constant) (instance_variable) (class_variable) (global_variable)] @reference

[(method_parameters (identifier) @local)
 (block_parameters (identifier) @local)
 (lambda_parameters (identifier) @local)
 (optional_parameter name: (identifier) @local)
 (keyword_parameter name: (identifier) @local)
 (splat_parameter name: (identifier) @local)
 (hash_splat_parameter name: (identifier) @local)
 (block_parameter name: (identifier) @local)]
(assignment left: (identifier) @local)
(operator_assignment left: (identifier) @local)
(left_assignment_list (identifier) @local)
(exception_variable (identifier) @local)
(for pattern: (identifier) @local)
[(block) (do_block) (lambda)] @scope

((call
  method: (identifier) @_require
  arguments: (argument_list . (string (string_content) @source))) @import
  (#any-of? @_require "require" "require_relative"))
