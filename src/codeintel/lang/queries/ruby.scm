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
